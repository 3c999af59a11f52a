/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The commands of the generic netlink family of kmod/genetlink and their attributes, for
 * the kernel and for user space. The family's own number, and its group's, are the kernel's
 * to give: CTRL_CMD_GETFAMILY tells them.
 */
#ifndef RINGCROSS_GENETLINK_COMMANDS_H
#define RINGCROSS_GENETLINK_COMMANDS_H

#include <linux/netlink.h>

#define GENETLINK_FAMILY "ringcross"
#define GENETLINK_VERSION 1
/* To which events go while nobody has subscribed. */
#define GENETLINK_GROUP "events"

/* The length of an attribute has 16 bits and counts its header. */
#define GENETLINK_MAX_PAYLOAD (0xffff - NLA_HDRLEN)

enum genetlink_command {
	/* do, PAYLOAD: the kernel takes the message. */
	GENETLINK_SEND = 1,
	/* do, PAYLOAD: the same, and a reply with its SEQ. */
	GENETLINK_EXCHANGE,
	/* SEQ, PAYLOAD: an event, from the kernel only. */
	GENETLINK_EVENT,
	/* do, no attributes, CAP_NET_ADMIN: events go to the sender's port from now on. */
	GENETLINK_SUBSCRIBE,
	/* do, no attributes, CAP_NET_ADMIN: no longer. */
	GENETLINK_UNSUBSCRIBE,
	/* dump, BYTES, [SEQ], [COUNT]: COUNT (1) entries of SEQ and PAYLOAD, from SEQ (0) on. */
	GENETLINK_LIST,
	/* dump, no attributes: the entries of the table, each as INDEX, VALUE, GENERATION. */
	GENETLINK_TABLE,
	/* INDEX, VALUE, GENERATION: an event, from the kernel only: an entry of the table has changed. */
	GENETLINK_CHANGE,
};

enum genetlink_attribute {
	/* u64: the number of the message in PAYLOAD. */
	GENETLINK_SEQ = 1,
	/* The message itself. */
	GENETLINK_PAYLOAD,
	/* u32: the size of each entry's payload. */
	GENETLINK_BYTES,
	/* u32 */
	GENETLINK_COUNT,
	/* What SEQ is aligned with, where the machine wants it. */
	GENETLINK_PAD,
	/* u32 */
	GENETLINK_INDEX,
	/* u64 */
	GENETLINK_VALUE,
	/* u64, of the table: of the change itself, or as it was when the entry was listed. */
	GENETLINK_GENERATION,
};

#endif
