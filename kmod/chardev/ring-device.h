/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/ringcross-chardev-ring: two rings that one user shares with the kernel. */
#ifndef RINGCROSS_CHARDEV_RING_DEVICE_H
#define RINGCROSS_CHARDEV_RING_DEVICE_H

#include "ring.h"

/* 0 or a negative errno. */
int ring_device_init(const struct ring_shape *shape);
void ring_device_exit(void);

/* ring_put() and ring_take() of the two rings, by any task: may be -ERESTARTSYS, too. */
int ring_device_put(const void *message, u32 bytes);
int ring_device_take(void *message, u32 room);

/* After either: whoever polls looks again. */
void ring_device_wake(void);

/* Provided by the module: takes one message as ring_device_take() does and accounts for it. */
int ring_device_rung(void);

#endif
