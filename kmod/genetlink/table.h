/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the generic netlink module: what GENETLINK_TABLE lists and GENETLINK_CHANGE
 * tells of, see genetlink-commands.h and ringcross-table.h.
 */
#ifndef GENETLINK_TABLE_H
#define GENETLINK_TABLE_H

#include <linux/types.h>

struct dentry;
struct genl_family;
struct netlink_callback;
struct sk_buff;

int genetlink_table_init(void);
/* `change` is that of struct ringcross_table. */
void genetlink_table_start(struct dentry *folder, int (*change)(u32 index, u64 value));
void genetlink_table_free(void);

/* Changes the entry: the event that tells of it, not yet sent, or an error pointer when nothing has changed. */
struct sk_buff *genetlink_table_set(const struct genl_family *family, u32 index, u64 value);

/* The dumpit of GENETLINK_TABLE. */
int genetlink_table_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif
