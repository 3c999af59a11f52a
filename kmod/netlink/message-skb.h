/* SPDX-License-Identifier: GPL-2.0 */
/* A message to user space as the buffer that is sent. */
#ifndef RINGCROSS_NETLINK_MESSAGE_SKB_H
#define RINGCROSS_NETLINK_MESSAGE_SKB_H

#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "netlink-messages.h"

/* 0, -ENOMEM or -EMSGSIZE. May sleep. */
static __always_inline int rcnl_message_skb(struct sk_buff **to, u32 seq, int flags, const void *message,
					    unsigned int bytes)
{
	struct nlmsghdr *header;
	struct sk_buff *skb;

	skb = nlmsg_new(bytes, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = nlmsg_put(skb, 0, seq, RCNL_MESSAGE, bytes, flags);
	if (!header) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	memcpy(nlmsg_data(header), message, bytes);
	*to = skb;
	return 0;
}

#endif
