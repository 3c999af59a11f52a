/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sender that loses nothing: it keeps a copy of each message until it has been
 * acknowledged, and sends again what has not been for too long.
 */
#ifndef RINGCROSS_NETLINK_WINDOW_H
#define RINGCROSS_NETLINK_WINDOW_H

#include <linux/dcache.h>
#include <linux/types.h>

#include "ringcross-message.h"

struct sock;

/* Checks the parameters and takes memory for messages of at most `max_message` bytes: 0 or a negative errno. */
int rcnl_window_init(unsigned int max_message);
/* No acknowledgement comes any more, and nobody sends. */
void rcnl_window_free(void);

/* The counters in debugfs. */
void rcnl_window_start(struct dentry *folder);

/*
 * From now on messages go from the kernel's `socket` to this port, the first of them with the number
 * `first`. The counters are 0. Whoever waits for another, or has left something with it, is told: -ECONNRESET.
 */
void rcnl_window_open(struct sock *socket, u32 portid, u32 first);
/* The same, but to nobody. */
void rcnl_window_close(void);
bool rcnl_window_is_open(void);

/*
 * Sends one message, after it has waited for room in the window and for all before it to go out. 0 once it
 * is in the window; a negative errno where it is not, -ETIMEDOUT where no acknowledgement came. Leaves
 * when it began and ended to send it for the first time.
 */
int rcnl_window_send(const void *message, unsigned int bytes, struct ringcross_stamp *stamp);

/* Waits until all has been acknowledged: 0 or a negative errno. */
int rcnl_window_finish(void);

/* All messages up to this one have arrived: 0, or -EINVAL where there is no such. */
int rcnl_window_acknowledged(u32 seq);

#endif
