// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "ringcross": messages as attributes, checked against a policy.
 * genetlink-commands.h lists commands and attributes.
 *
 * The trigger `produce` makes the kernel send an event: to the port that subscribed
 * or, where none has, to the multicast group "events". Whoever subscribes takes the
 * place of the one before. Changes of the table, table.c, are events as well. While the
 * file `hold` is open, the commands that take a message wait, in locks of generic netlink:
 * other families may wait for them. A signal ends the wait, and the command is answered
 * ECANCELED.
 *
 * Stamps:
 *   received  from the entry of the command's callback, when netlink has checked the
 *             attributes, to the end of the copy of the payload into the module's memory
 *   sent      of an event: its buffer allocated, filled and sent, all of which a module
 *             pays for; of an entry of a dump: its filling, since netlink makes the
 *             buffer and delivers it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <net/genetlink.h>

#include "genetlink-commands.h"
#include "ringcross-compat.h"
#include "ringcross-hold.h"
#include "ringcross.h"
#include "table.h"

#define GENETLINK_MAX_COUNT 10000

static unsigned int max_message = GENETLINK_MAX_PAYLOAD;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default and most 65531)");

static struct genl_family genetlink_family;

static struct ringcross_hold hold = RINGCROSS_HOLD_INIT(hold);

/* The port that events go to; 0, which is the kernel's own, for none. */
static u32 subscriber;

static int genetlink_produce(struct ringcross *rc, const void *message, unsigned int bytes);

static const struct ringcross_ops genetlink_ringcross_ops = { .produce = genetlink_produce };

static struct ringcross rc = { .name = "genetlink", .ops = &genetlink_ringcross_ops };

/* Commands come one at a time, since the family lets the core serialise them: so is the inbox guarded. */
static int genetlink_take(struct genl_info *info)
{
	const struct nlattr *payload;
	u64 start;
	u64 end;

	/* Goes to user space in an answer, where ERESTARTSYS means nothing; to EINTR netlink gives none. */
	if (ringcross_hold_wait(&hold))
		return -ECANCELED;
	start = ringcross_ticks();
	if (GENL_REQ_ATTR_CHECK(info, GENETLINK_PAYLOAD))
		return -EINVAL;
	payload = info->attrs[GENETLINK_PAYLOAD];
	memcpy(rc.inbox, nla_data(payload), nla_len(payload));
	end = ringcross_ticks();

	ringcross_received(&rc, rc.inbox, nla_len(payload), start, end);
	return 0;
}

static int genetlink_send(struct sk_buff *request, struct genl_info *info)
{
	return genetlink_take(info);
}

static int genetlink_exchange(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *reply;
	void *header;
	int error;

	error = genetlink_take(info);
	if (error)
		return error;
	reply = genlmsg_new(nla_total_size_64bit(sizeof(u64)), GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	error = -EMSGSIZE;
	header = genlmsg_put_reply(reply, info, &genetlink_family, 0, GENETLINK_EXCHANGE);
	if (!header)
		goto free_reply;
	error = nla_put_u64_64bit(reply, GENETLINK_SEQ, ringcross_message_seq(rc.inbox), GENETLINK_PAD);
	if (error)
		goto free_reply;
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);

free_reply:
	nlmsg_free(reply);
	return error;
}

static int genetlink_subscribe(struct sk_buff *request, struct genl_info *info)
{
	WRITE_ONCE(subscriber, info->snd_portid);
	return 0;
}

static int genetlink_unsubscribe(struct sk_buff *request, struct genl_info *info)
{
	return cmpxchg(&subscriber, info->snd_portid, 0) == info->snd_portid ? 0 : -ENOTCONN;
}

/* What genetlink_put() adds to an empty message. */
static size_t genetlink_size(unsigned int bytes)
{
	return nla_total_size_64bit(sizeof(u64)) + nla_total_size(bytes);
}

/* One message with its number and itself; -EMSGSIZE when it does not fit, and then nothing of it is there. */
static int genetlink_put(struct sk_buff *skb, u32 port, u32 nlmsg_seq, int flags, u8 command,
			 const void *message, unsigned int bytes)
{
	void *header;

	header = genlmsg_put(skb, port, nlmsg_seq, &genetlink_family, flags, command);
	if (!header)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, GENETLINK_SEQ, ringcross_message_seq(message), GENETLINK_PAD) ||
	    nla_put(skb, GENETLINK_PAYLOAD, bytes, message)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* Takes the buffer, whatever it returns. */
static __always_inline int genetlink_deliver(struct sk_buff *skb, u32 port)
{
	if (port)
		return genlmsg_unicast(&init_net, skb, port);
	return genlmsg_multicast(&genetlink_family, skb, 0, 0, GFP_KERNEL);
}

/* The subscriber is gone; its number may become somebody else's. */
static void genetlink_forget(u32 port)
{
	cmpxchg(&subscriber, port, 0);
}

static int genetlink_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	const u32 port = READ_ONCE(subscriber);
	struct sk_buff *skb;
	u64 start;
	u64 end;
	int error;

	start = ringcross_ticks();
	skb = genlmsg_new(genetlink_size(bytes), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	error = genetlink_put(skb, 0, 0, 0, GENETLINK_EVENT, message, bytes);
	if (error) {
		nlmsg_free(skb);
		return error;
	}
	error = genetlink_deliver(skb, port);
	end = ringcross_ticks();

	if (error == -ECONNREFUSED)
		genetlink_forget(port);
	if (error)
		return error;
	ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return 0;
}

/* Of the table: the changes go out one at a time, in their order. */
static DEFINE_MUTEX(changing);

/* What becomes of the event is the subscriber's to find out. */
static int genetlink_change(u32 index, u64 value)
{
	struct sk_buff *event;
	u32 port;
	int error;

	mutex_lock(&changing);
	event = genetlink_table_set(&genetlink_family, index, value);
	error = PTR_ERR_OR_ZERO(event);
	if (error)
		goto unlock;
	/* Read after the change: who subscribes and then lists has it in the list, or gets the event. */
	port = READ_ONCE(subscriber);
	if (genetlink_deliver(event, port) == -ECONNREFUSED)
		genetlink_forget(port);
unlock:
	mutex_unlock(&changing);
	return error;
}

/* What is left of a dump under way, in the context that netlink keeps for it. */
struct genetlink_list {
	struct ringcross_order next;
	u32 left;
};

static struct genetlink_list *genetlink_list_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct genetlink_list) > sizeof(cb->ctx));
	return (struct genetlink_list *)cb->ctx;
}

static int genetlink_list_start(struct netlink_callback *cb)
{
	struct genetlink_list *list = genetlink_list_of(cb);
	struct nlattr **attrs = ringcross_dump_attrs(cb);

	if (ringcross_dump_lacks(cb, GENETLINK_BYTES))
		return -EINVAL;
	list->next.bytes = nla_get_u32(attrs[GENETLINK_BYTES]);
	list->next.seq = attrs[GENETLINK_SEQ] ? nla_get_u64(attrs[GENETLINK_SEQ]) : 0;
	list->next.keep = false;
	list->left = attrs[GENETLINK_COUNT] ? nla_get_u32(attrs[GENETLINK_COUNT]) : 1;
	/* Room for one entry and for the end of the dump: without it a large entry would never fit. */
	cb->min_dump_alloc = nlmsg_total_size(GENL_HDRLEN + genetlink_size(list->next.bytes)) +
			     nlmsg_total_size(sizeof(int));
	return 0;
}

/* As many entries as fit. 0 says that these are the last: the end of the dump then joins them. */
static int genetlink_list_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct genetlink_list *list = genetlink_list_of(cb);
	const u32 port = NETLINK_CB(cb->skb).portid;
	int error = 0;

	mutex_lock(&rc.produce_lock);
	while (list->left) {
		const void *message = ringcross_draft(&rc, &list->next);
		u64 start;
		u64 end;

		start = ringcross_ticks();
		error = genetlink_put(skb, port, cb->nlh->nlmsg_seq, NLM_F_MULTI, GENETLINK_LIST, message,
				      list->next.bytes);
		end = ringcross_ticks();
		if (error)
			break;
		ringcross_sent(&rc, list->next.seq, start, end);
		list->next.seq++;
		list->next.keep = true;
		list->left--;
	}
	mutex_unlock(&rc.produce_lock);
	/* What is in the buffer is sent, the rest asked for again. */
	return error && skb->len ? skb->len : error;
}

/* Of a payload's length, and of the number that asks for one; the upper end is the module's parameter. */
static struct netlink_range_validation genetlink_message_range = { .min = RINGCROSS_MESSAGE_MIN };

static const struct nla_policy genetlink_message_policy[] = {
	[GENETLINK_PAYLOAD] = NLA_POLICY_FULL_RANGE(NLA_BINARY, &genetlink_message_range),
};

static const struct nla_policy genetlink_list_policy[] = {
	[GENETLINK_SEQ] = { .type = NLA_U64 },
	[GENETLINK_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U32, &genetlink_message_range),
	[GENETLINK_COUNT] = NLA_POLICY_RANGE(NLA_U32, 1, GENETLINK_MAX_COUNT),
};

/* A command without a policy takes no attributes at all. */
static const struct genl_ops genetlink_ops[] = {
	{
		.cmd = GENETLINK_SEND,
		.doit = genetlink_send,
		.policy = genetlink_message_policy,
		.maxattr = ARRAY_SIZE(genetlink_message_policy) - 1,
	},
	{
		.cmd = GENETLINK_EXCHANGE,
		.doit = genetlink_exchange,
		.policy = genetlink_message_policy,
		.maxattr = ARRAY_SIZE(genetlink_message_policy) - 1,
	},
	{
		.cmd = GENETLINK_SUBSCRIBE,
		.flags = GENL_ADMIN_PERM,
		.doit = genetlink_subscribe,
	},
	{
		.cmd = GENETLINK_UNSUBSCRIBE,
		.flags = GENL_ADMIN_PERM,
		.doit = genetlink_unsubscribe,
	},
	{
		.cmd = GENETLINK_LIST,
		.start = genetlink_list_start,
		.dumpit = genetlink_list_dump,
		.policy = genetlink_list_policy,
		.maxattr = ARRAY_SIZE(genetlink_list_policy) - 1,
	},
	{
		.cmd = GENETLINK_TABLE,
		.dumpit = genetlink_table_dump,
	},
};

static const struct genl_multicast_group genetlink_groups[] = { { .name = GENETLINK_GROUP } };

/* resv_start_op stays 0, as new families are asked to: every command is checked strictly. */
static struct genl_family genetlink_family __ro_after_init = {
	.name = GENETLINK_FAMILY,
	.version = GENETLINK_VERSION,
	.module = THIS_MODULE,
	.ops = genetlink_ops,
	.n_ops = ARRAY_SIZE(genetlink_ops),
	.mcgrps = genetlink_groups,
	.n_mcgrps = ARRAY_SIZE(genetlink_groups),
};

static int __init genetlink_init(void)
{
	int error;

	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > GENETLINK_MAX_PAYLOAD) {
		pr_err("max_message=%u: want %zu to %u\n", max_message, RINGCROSS_MESSAGE_MIN,
		       (unsigned int)GENETLINK_MAX_PAYLOAD);
		return -EINVAL;
	}
	genetlink_message_range.max = max_message;
	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	error = genetlink_table_init();
	if (error)
		goto free;
	error = genl_register_family(&genetlink_family);
	if (error)
		goto free_table;
	ringcross_start(&rc);
	ringcross_hold_start(&hold, rc.folder);
	genetlink_table_start(rc.folder, genetlink_change);
	return 0;

free_table:
	genetlink_table_free();
free:
	ringcross_free(&rc);
	return error;
}

static void __exit genetlink_exit(void)
{
	ringcross_stop(&rc);
	genl_unregister_family(&genetlink_family);
	genetlink_table_free();
	ringcross_free(&rc);
}

module_init(genetlink_init);
module_exit(genetlink_exit);

MODULE_DESCRIPTION("ringcross: messages across generic netlink: commands, events, dumps");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(GENETLINK_FAMILY);
