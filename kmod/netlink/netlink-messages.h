/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The messages of kmod/netlink's protocol, for the kernel and for user space. Those to the
 * kernel want NLM_F_REQUEST, without which netlink_rcv_skb() passes over them.
 */
#ifndef RINGCROSS_NETLINK_MESSAGES_H
#define RINGCROSS_NETLINK_MESSAGES_H

#include <linux/netlink.h>
#include <linux/types.h>

/* The module's parameter `protocol` may say otherwise. MAX_LINKS, 32, is one more than the highest. */
#define RCNL_PROTOCOL 31

enum rcnl_type {
	/*
	 * Both ways; payload: a message. From the kernel, nlmsg_seq is the lower half of its number; to a subscriber
	 * with a window its place in the row of those that the subscriber gets.
	 */
	RCNL_MESSAGE = NLMSG_MIN_TYPE,
	/*
	 * To the kernel; payload: struct rcnl_subscription. Makes the sender, or the group it names, the
	 * one that gets the kernel's messages. As they are taken away from whoever had them, for
	 * CAP_NET_ADMIN only.
	 */
	RCNL_SUBSCRIBE,
	/* To the kernel, no payload: the message with this nlmsg_seq has arrived; with a window, all before it too. */
	RCNL_ACK,
	/* To the kernel with NLM_F_DUMP, no payload; from it, payload: struct rcnl_entry, one for each of the table. */
	RCNL_LIST,
	/* From the kernel, to whoever has subscribed; payload: struct rcnl_entry, which has changed. */
	RCNL_CHANGE,
};

/* The subscriber sends RCNL_ACK for each message. Not for a group. */
#define RCNL_ACKNOWLEDGES 1u
/*
 * The subscriber sends RCNL_ACK for the last message that has come in order, each time that one comes. Not for a group,
 * nor together with RCNL_ACKNOWLEDGES.
 */
#define RCNL_WINDOWED 2u

struct rcnl_subscription {
	/* 0 stands for the sender alone. */
	__u32 group;
	/* RCNL_ACKNOWLEDGES, RCNL_WINDOWED or 0. */
	__u32 flags;
	/* With RCNL_WINDOWED: nlmsg_seq of the first message. Without it this may be left out. */
	__u32 first;
};

struct rcnl_entry {
	__u64 value;
	/* Of the table: of the change itself, or as it was when the entry was listed. */
	__u64 generation;
	__u32 index;
	__u32 zero;
};

#endif
