// SPDX-License-Identifier: GPL-2.0
/*
 * A table that changes while it is dumped. A dump is made buffer by buffer, the first in
 * the call that asks for it, each further one in the call that reads the one before; what
 * has changed between two buffers is told by NLM_F_DUMP_INTR on the first message of the
 * second. Within a buffer nothing changes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <net/genetlink.h>

#include "genetlink-commands.h"
#include "ringcross-compat.h"
#include "ringcross-table.h"
#include "table.h"

static struct ringcross_table table;

int genetlink_table_init(void)
{
	return ringcross_table_init(&table);
}

void genetlink_table_start(struct dentry *folder, int (*change)(u32 index, u64 value))
{
	table.change = change;
	ringcross_table_start(&table, folder);
}

void genetlink_table_free(void)
{
	ringcross_table_free(&table);
}

/* -EMSGSIZE when it does not fit. */
static int genetlink_table_put(struct sk_buff *skb, u32 index, u64 value, u64 generation)
{
	if (nla_put_u32(skb, GENETLINK_INDEX, index) ||
	    nla_put_u64_64bit(skb, GENETLINK_VALUE, value, GENETLINK_PAD) ||
	    nla_put_u64_64bit(skb, GENETLINK_GENERATION, generation, GENETLINK_PAD))
		return -EMSGSIZE;
	return 0;
}

/* The buffer comes first: a change whose event could not be made would be a loss that nobody learns of. */
struct sk_buff *genetlink_table_set(const struct genl_family *family, u32 index, u64 value)
{
	const size_t size = nla_total_size(sizeof(u32)) + 2 * nla_total_size_64bit(sizeof(u64));
	struct sk_buff *event;
	void *header;

	event = genlmsg_new(size, GFP_KERNEL);
	if (!event)
		return ERR_PTR(-ENOMEM);
	/* It has room for all of it. */
	header = genlmsg_put(event, 0, 0, family, 0, GENETLINK_CHANGE);
	genetlink_table_put(event, index, value, ringcross_table_set(&table, index, value));
	genlmsg_end(event, header);
	return event;
}

/*
 * As many entries as fit. 0 says that there are no more, and is returned by a call of its own: the end of
 * the dump is then a buffer of its own, which tells of a change after the last entry as well.
 */
int genetlink_table_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *header;
	int error = 0;

	mutex_lock(&table.lock);
	cb->seq = ringcross_table_seq(&table);
	while (cb->args[0] < entries) {
		error = -EMSGSIZE;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     ringcross_dump_family(cb), NLM_F_MULTI, GENETLINK_TABLE);
		if (!header)
			break;
		error = genetlink_table_put(skb, cb->args[0], table.values[cb->args[0]], table.generation);
		if (error) {
			genlmsg_cancel(skb, header);
			break;
		}
		genl_dump_check_consistent(cb, header);
		genlmsg_end(skb, header);
		cb->args[0]++;
	}
	mutex_unlock(&table.lock);
	return skb->len ?: error;
}
