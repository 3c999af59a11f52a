/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may befall an acknowledgement on its way to the window, by parameters of the
 * module: it is dropped, held back, or taken twice.
 */
#ifndef RINGCROSS_NETLINK_ACK_FAULTS_H
#define RINGCROSS_NETLINK_ACK_FAULTS_H

#include <linux/dcache.h>
#include <linux/types.h>

/* `take` is called for each acknowledgement that comes through: at once, or by a timer in softirq context. */
void rcnl_faults_init(void (*take)(u32 seq));

/* The counters in debugfs. */
void rcnl_faults_start(struct dentry *folder);

/* For a new subscriber: what is held back is gone, the counters are 0, the draws begin anew. */
void rcnl_faults_restart(void);

/* An acknowledgement has come. */
void rcnl_faults_pass(u32 seq);

/* None comes any more, and none is held back when it returns. */
void rcnl_faults_stop(void);

#endif
