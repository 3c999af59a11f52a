// SPDX-License-Identifier: GPL-2.0
/*
 * A table that changes while it is dumped. A dump is made buffer by buffer, the first in
 * the call that asks for it, each further one in the call that reads the one before; what
 * has changed between two buffers is told by NLM_F_DUMP_INTR on the first entry of the
 * second. Within a buffer nothing changes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <net/netlink.h>

#include "netlink-messages.h"
#include "ringcross-table.h"
#include "table.h"

static struct ringcross_table table;

int rcnl_table_init(void)
{
	return ringcross_table_init(&table);
}

void rcnl_table_start(struct dentry *folder, int (*change)(u32 index, u64 value))
{
	table.change = change;
	ringcross_table_start(&table, folder);
}

void rcnl_table_free(void)
{
	ringcross_table_free(&table);
}

/* Appends one entry: its header, or NULL when it does not fit, and then nothing of it is there. */
static struct nlmsghdr *rcnl_table_put(struct sk_buff *skb, u32 port, u32 seq, int type, int flags,
				       const struct rcnl_entry *entry)
{
	struct nlmsghdr *header;

	header = nlmsg_put(skb, port, seq, type, sizeof(*entry), flags);
	if (header)
		memcpy(nlmsg_data(header), entry, sizeof(*entry));
	return header;
}

/* The buffer comes first: a change whose event could not be made would be a loss that nobody learns of. */
struct sk_buff *rcnl_table_set(u32 index, u64 value)
{
	struct rcnl_entry entry = { .index = index, .value = value };
	struct sk_buff *event;

	event = nlmsg_new(sizeof(entry), GFP_KERNEL);
	if (!event)
		return ERR_PTR(-ENOMEM);
	entry.generation = ringcross_table_set(&table, index, value);
	/* It has room for one. */
	rcnl_table_put(event, 0, 0, RCNL_CHANGE, 0, &entry);
	return event;
}

/*
 * As many entries as fit. 0 says that these are the last: the end of the dump joins them, or comes
 * without another look at the table. Takes no lock but the table's: netlink's own, of the socket's dump,
 * is held around it, and is what a sender waits for who holds the module's.
 */
static int rcnl_table_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const u32 port = NETLINK_CB(cb->skb).portid;
	struct nlmsghdr *header;
	int error = 0;

	mutex_lock(&table.lock);
	cb->seq = ringcross_table_seq(&table);
	while (cb->args[0] < entries) {
		const struct rcnl_entry entry = {
			.index = cb->args[0],
			.value = table.values[cb->args[0]],
			.generation = table.generation,
		};

		header = rcnl_table_put(skb, port, cb->nlh->nlmsg_seq, RCNL_LIST, NLM_F_MULTI, &entry);
		if (!header) {
			error = -EMSGSIZE;
			break;
		}
		nl_dump_check_consistent(cb, header);
		cb->args[0]++;
	}
	mutex_unlock(&table.lock);
	/* What is in the buffer is sent, the rest asked for again. */
	return error && skb->len ? skb->len : error;
}

int rcnl_table_list(struct sock *socket, struct sk_buff *request, const struct nlmsghdr *header,
		    struct netlink_ext_ack *extack)
{
	struct netlink_dump_control control = { .dump = rcnl_table_dump, .module = THIS_MODULE };

	if ((header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
		NL_SET_ERR_MSG(extack, "the table is listed by a dump only");
		return -EOPNOTSUPP;
	}
	if (nlmsg_len(header)) {
		NL_SET_ERR_MSG(extack, "a dump of the table takes no payload");
		return -EINVAL;
	}
	return netlink_dump_start(socket, request, header, &control);
}
