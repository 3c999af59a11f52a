// SPDX-License-Identifier: GPL-2.0
/*
 * A netlink(7) protocol of our own, 31 unless told otherwise: messages between
 * sockets and the kernel, both ways, netlink-messages.h. What a socket sends is
 * answered by NLMSG_ERROR where NLM_F_ACK is set or it is refused.
 *
 * The trigger `produce` makes the kernel send a message to whoever has subscribed. A
 * subscriber is known by its port alone, so that whoever binds it next gets the
 * messages; that nobody has is found out by ECONNREFUSED of nlmsg_unicast(), which ends
 * the subscription. To a subscriber that acknowledges, messages bear NLM_F_ACK, and each
 * waits until the one before has been acknowledged, or somebody subscribes anew. That is
 * RCNL_ACK, not NLMSG_ERROR, since netlink_rcv_skb() passes over types below
 * NLMSG_MIN_TYPE. To a subscriber with a window, window.c sends: nothing is lost, and several
 * messages may be on their way at once.
 *
 * Stamps:
 *   received  from entry of the protocol's input function, which netlink calls inside
 *             the sender's system call, to the end of the copy into memory of our own:
 *             all that comes before is the sender's call, all that follows (an
 *             acknowledgement) is another message. A later message of one datagram
 *             begins where the one before ended
 *   sent      from the allocation of the socket buffer to the return of
 *             nlmsg_unicast() or nlmsg_multicast(): a module pays for the buffer and
 *             the copy into it with every message, as the reader frees it. To a window from
 *             the copy that is kept to the end of the first attempt, without the wait for room
 *
 * While the debugfs file `hold` is open, the input function waits before it does anything.
 *
 * table.c is a table to be listed, whose changes are told to whoever has subscribed, lost like any
 * message and never waited for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/netlink.h>
#include <linux/wait.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "message-skb.h"
#include "netlink-messages.h"
#include "ringcross-hold.h"
#include "ringcross.h"
#include "table.h"
#include "window.h"

/* A protocol has no fewer, whatever it asks for: __netlink_kernel_create() in net/netlink/af_netlink.c. */
#define RCNL_MIN_GROUPS 32u
#define RCNL_MAX_GROUPS 1024u
/* Beyond what kmalloc() gives, so that its limit can be met. */
#define RCNL_MAX_MESSAGE (8u << 20)
#define RCNL_MAX_TIMEOUT_MS 60000u

static unsigned int protocol = RCNL_PROTOCOL;
module_param(protocol, uint, 0444);
MODULE_PARM_DESC(protocol, "number of the netlink protocol (default " __stringify(RCNL_PROTOCOL) ")");

static unsigned int groups = 64;
module_param(groups, uint, 0444);
MODULE_PARM_DESC(groups, "multicast groups of the protocol, 32 or more (default 64)");

/* More than a socket sends with the usual net.core.wmem_default, 212992. */
static unsigned int max_message = 262144;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 262144)");

static unsigned int ack_timeout_ms = 1000;
module_param(ack_timeout_ms, uint, 0444);
MODULE_PARM_DESC(ack_timeout_ms,
		 "milliseconds that a message waits for the one before to be acknowledged (default 1000)");

/* To whom, and how. */
struct rcnl_subscriber {
	/* The kernel's own port, 0, stands for nobody. */
	u32 portid;
	struct rcnl_subscription wants;
};

static struct {
	struct sock *socket;

	/* Guards all that follows, against senders, which are many at a time. */
	struct mutex lock;
	/* Since when the message under way is being received; it lands in the inbox. */
	u64 entered;
	struct rcnl_subscriber subscriber;
	/* A message went out that has not been acknowledged; changed under the lock, awaited without. */
	bool unacknowledged;
	u32 unacknowledged_seq;
	wait_queue_head_t acknowledged;
} rcnl;

static struct ringcross_hold hold = RINGCROSS_HOLD_INIT(hold);

static int rcnl_produce(struct ringcross *rc, const void *message, unsigned int bytes);
static int rcnl_finish(struct ringcross *rc);

static const struct ringcross_ops rcnl_ops = { .produce = rcnl_produce, .finish = rcnl_finish };

static struct ringcross rc = { .name = "netlink", .ops = &rcnl_ops };

static int rcnl_receive(const struct nlmsghdr *header)
{
	const unsigned int bytes = nlmsg_len(header);
	u64 end;
	int error;

	error = ringcross_check_size(&rc, bytes);
	if (error)
		return error;
	memcpy(rc.inbox, nlmsg_data(header), bytes);
	end = ringcross_ticks();
	ringcross_received(&rc, rc.inbox, bytes, rcnl.entered, end);
	rcnl.entered = ringcross_ticks();
	return 0;
}

/* Under the lock. */
static void rcnl_set_acknowledged(void)
{
	WRITE_ONCE(rcnl.unacknowledged, false);
	wake_up_interruptible(&rcnl.acknowledged);
}

static int rcnl_subscribe(struct sk_buff *skb, const struct nlmsghdr *header)
{
	const size_t bytes = nlmsg_len(header);
	struct rcnl_subscription wants = { };

	if (!netlink_capable(skb, CAP_NET_ADMIN))
		return -EPERM;
	if (bytes < offsetofend(struct rcnl_subscription, flags))
		return -EINVAL;
	/* What a newer sender adds behind it is passed over, as netlink's users do. */
	memcpy(&wants, nlmsg_data(header), min(bytes, sizeof(wants)));
	if (wants.group > groups || wants.flags & ~(RCNL_ACKNOWLEDGES | RCNL_WINDOWED))
		return -EINVAL;
	/* Of many listeners, whose acknowledgement would count? */
	if (!!wants.group + !!(wants.flags & RCNL_ACKNOWLEDGES) + !!(wants.flags & RCNL_WINDOWED) > 1)
		return -EINVAL;
	if (wants.flags & RCNL_WINDOWED && bytes < sizeof(wants))
		return -EINVAL;
	rcnl.subscriber = (struct rcnl_subscriber){ .portid = NETLINK_CB(skb).portid, .wants = wants };
	rcnl_set_acknowledged();
	if (wants.flags & RCNL_WINDOWED)
		rcnl_window_open(rcnl.socket, rcnl.subscriber.portid, wants.first);
	else
		rcnl_window_close();
	return 0;
}

static int rcnl_acknowledge(struct sk_buff *skb, const struct nlmsghdr *header)
{
	if (NETLINK_CB(skb).portid != rcnl.subscriber.portid)
		return -EPERM;
	if (!rcnl.unacknowledged || header->nlmsg_seq != rcnl.unacknowledged_seq)
		return rcnl_window_acknowledged(header->nlmsg_seq);
	rcnl_set_acknowledged();
	return 0;
}

/* One message of a datagram, whose nlmsg_len netlink_rcv_skb() has checked. Under the lock. */
static int rcnl_take(struct sk_buff *skb, struct nlmsghdr *header, struct netlink_ext_ack *extack)
{
	switch (header->nlmsg_type) {
	case RCNL_MESSAGE:
		return rcnl_receive(header);
	case RCNL_SUBSCRIBE:
		return rcnl_subscribe(skb, header);
	case RCNL_ACK:
		return rcnl_acknowledge(skb, header);
	case RCNL_LIST:
		return rcnl_table_list(rcnl.socket, skb, header, extack);
	default:
		return -EOPNOTSUPP;
	}
}

/* In the context of whoever sends; may sleep. */
static void rcnl_input(struct sk_buff *skb)
{
	u64 start;

	/* A signal ends the wait; the message is taken all the same, as nothing can give it back. */
	(void)ringcross_hold_wait(&hold);
	start = ringcross_ticks();
	mutex_lock(&rcnl.lock);
	rcnl.entered = start;
	netlink_rcv_skb(skb, rcnl_take);
	mutex_unlock(&rcnl.lock);
}

/* Whom message `seq` goes to, once no other waits to be acknowledged: 0 or a negative errno. */
static int rcnl_begin(u64 seq, struct rcnl_subscriber *to)
{
	long left;

	left = wait_event_interruptible_timeout(rcnl.acknowledged, !READ_ONCE(rcnl.unacknowledged),
						msecs_to_jiffies(ack_timeout_ms));
	if (left <= 0)
		return left ?: -ETIMEDOUT;
	mutex_lock(&rcnl.lock);
	*to = rcnl.subscriber;
	/* Before the message is out: its receiver may be faster than its sender. */
	if (to->wants.flags & RCNL_ACKNOWLEDGES) {
		WRITE_ONCE(rcnl.unacknowledged, true);
		rcnl.unacknowledged_seq = lower_32_bits(seq);
	}
	mutex_unlock(&rcnl.lock);
	return to->portid ? 0 : -ENOTCONN;
}

/* Message `seq` did not go out. Not inlined: it would take registers away from what is timed beside it. */
static noinline void rcnl_abandon(const struct rcnl_subscriber *to, int error)
{
	mutex_lock(&rcnl.lock);
	/* Somebody may have subscribed meanwhile. */
	if (error == -ECONNREFUSED && rcnl.subscriber.portid == to->portid)
		rcnl.subscriber = (struct rcnl_subscriber){ };
	rcnl_set_acknowledged();
	mutex_unlock(&rcnl.lock);
}

/* Takes the buffer, whatever it returns. */
static __always_inline int rcnl_deliver(const struct rcnl_subscriber *to, struct sk_buff *skb)
{
	if (to->wants.group)
		return nlmsg_multicast(rcnl.socket, skb, 0, to->wants.group, GFP_KERNEL);
	return nlmsg_unicast(rcnl.socket, skb, to->portid);
}

static int rcnl_send(const struct rcnl_subscriber *to, u64 seq, const void *message, unsigned int bytes)
{
	const int flags = to->wants.flags & RCNL_ACKNOWLEDGES ? NLM_F_ACK : 0;
	struct sk_buff *skb;
	int error;

	error = rcnl_message_skb(&skb, lower_32_bits(seq), flags, message, bytes);
	return error ?: rcnl_deliver(to, skb);
}

/* Nobody has the port of a window: the subscription ends, unless somebody has subscribed meanwhile. */
static void rcnl_abandon_window(void)
{
	mutex_lock(&rcnl.lock);
	if (rcnl.subscriber.wants.flags & RCNL_WINDOWED && !rcnl_window_is_open())
		rcnl.subscriber = (struct rcnl_subscriber){ };
	mutex_unlock(&rcnl.lock);
}

static int rcnl_produce_windowed(struct ringcross *rc, const void *message, unsigned int bytes)
{
	struct ringcross_stamp stamp;
	int error;

	error = rcnl_window_send(message, bytes, &stamp);
	if (error == -ECONNREFUSED)
		rcnl_abandon_window();
	if (!error)
		ringcross_sent(rc, ringcross_message_seq(message), stamp.start, stamp.end);
	return error;
}

static int rcnl_finish(struct ringcross *rc)
{
	int error;

	error = rcnl_window_finish();
	if (error == -ECONNREFUSED)
		rcnl_abandon_window();
	return error;
}

static int rcnl_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	const u64 seq = ringcross_message_seq(message);
	struct rcnl_subscriber to;
	u64 start;
	u64 end;
	int error;

	if (rcnl_window_is_open())
		return rcnl_produce_windowed(rc, message, bytes);
	error = rcnl_begin(seq, &to);
	if (error)
		return error;
	start = ringcross_ticks();
	error = rcnl_send(&to, seq, message, bytes);
	end = ringcross_ticks();
	if (error) {
		rcnl_abandon(&to, error);
		return error;
	}
	ringcross_sent(rc, seq, start, end);
	return 0;
}

/*
 * Of the table. Made and told under the lock: events go out in their order, and whoever first subscribes and
 * then lists misses none. What becomes of the event is the subscriber's to find out.
 */
static int rcnl_change(u32 index, u64 value)
{
	struct sk_buff *event;
	int error;

	mutex_lock(&rcnl.lock);
	event = rcnl_table_set(index, value);
	error = PTR_ERR_OR_ZERO(event);
	if (error)
		goto unlock;
	if (!rcnl.subscriber.portid)
		nlmsg_free(event);
	else if (rcnl_deliver(&rcnl.subscriber, event) == -ECONNREFUSED)
		rcnl.subscriber = (struct rcnl_subscriber){ };
unlock:
	mutex_unlock(&rcnl.lock);
	return error;
}

static int rcnl_check_parameters(void)
{
	if (protocol >= MAX_LINKS) {
		pr_err("protocol=%u: want less than %u\n", protocol, MAX_LINKS);
		return -EINVAL;
	}
	if (groups < RCNL_MIN_GROUPS || groups > RCNL_MAX_GROUPS) {
		pr_err("groups=%u: want %u to %u\n", groups, RCNL_MIN_GROUPS, RCNL_MAX_GROUPS);
		return -EINVAL;
	}
	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > RCNL_MAX_MESSAGE) {
		pr_err("max_message=%u: want %zu to %u\n", max_message, RINGCROSS_MESSAGE_MIN,
		       RCNL_MAX_MESSAGE);
		return -EINVAL;
	}
	if (!ack_timeout_ms || ack_timeout_ms > RCNL_MAX_TIMEOUT_MS) {
		pr_err("ack_timeout_ms=%u: want 1 to %u\n", ack_timeout_ms, RCNL_MAX_TIMEOUT_MS);
		return -EINVAL;
	}
	return 0;
}

static int __init rcnl_init(void)
{
	struct netlink_kernel_cfg config = { .input = rcnl_input };
	int error;

	error = rcnl_check_parameters();
	if (error)
		return error;
	mutex_init(&rcnl.lock);
	init_waitqueue_head(&rcnl.acknowledged);
	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	error = rcnl_window_init(max_message);
	if (error)
		goto free;
	error = rcnl_table_init();
	if (error)
		goto free_window;
	config.groups = groups;
	rcnl.socket = netlink_kernel_create(&init_net, protocol, &config);
	if (!rcnl.socket) {
		/* It does not say why; a protocol that another module has is the likely reason. */
		pr_err("protocol=%u: it is taken, or there is no memory for it\n", protocol);
		error = -EADDRINUSE;
		goto free_table;
	}
	ringcross_start(&rc);
	ringcross_hold_start(&hold, rc.folder);
	rcnl_window_start(rc.folder);
	rcnl_table_start(rc.folder, rcnl_change);
	return 0;

free_table:
	rcnl_table_free();
free_window:
	rcnl_window_free();
free:
	ringcross_free(&rc);
	return error;
}

/* Each socket of the protocol holds the module, so nobody is inside of rcnl_input() any more. */
static void __exit rcnl_exit(void)
{
	ringcross_stop(&rc);
	netlink_kernel_release(rcnl.socket);
	rcnl_table_free();
	rcnl_window_free();
	ringcross_free(&rc);
}

module_init(rcnl_init);
module_exit(rcnl_exit);

MODULE_DESCRIPTION("ringcross: messages across a netlink protocol, unicast and multicast");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
