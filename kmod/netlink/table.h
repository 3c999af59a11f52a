/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the netlink module: what RCNL_LIST lists and RCNL_CHANGE tells of, see
 * netlink-messages.h and ringcross-table.h.
 */
#ifndef RCNL_TABLE_H
#define RCNL_TABLE_H

#include <linux/types.h>

struct dentry;
struct netlink_ext_ack;
struct nlmsghdr;
struct sk_buff;
struct sock;

int rcnl_table_init(void);
/* `change` is that of struct ringcross_table. */
void rcnl_table_start(struct dentry *folder, int (*change)(u32 index, u64 value));
void rcnl_table_free(void);

/* Changes the entry: the event that tells of it, not yet sent, or an error pointer when nothing has changed. */
struct sk_buff *rcnl_table_set(u32 index, u64 value);

/* Answers a RCNL_LIST, in the sender's call: what netlink_rcv_skb() wants to be returned. */
int rcnl_table_list(struct sock *socket, struct sk_buff *request, const struct nlmsghdr *header,
		    struct netlink_ext_ack *extack);

#endif
