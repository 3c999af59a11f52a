/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What every message and every stamp of ringcross looks like, in the kernel and
 * in user space alike: a module and the native addon include this one file.
 *
 * A message is at least eight bytes. From sixteen bytes on it carries a checksum
 * over its body, so that a receiver needs nothing but the bytes to judge them.
 */
#ifndef RINGCROSS_MESSAGE_H
#define RINGCROSS_MESSAGE_H

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

/* The shortest message: a sequence number and nothing else. */
#define RINGCROSS_MESSAGE_MIN sizeof(__u64)
/* Where the body starts in a message that has one: after sequence number and checksum. */
#define RINGCROSS_MESSAGE_BODY (2 * sizeof(__u64))

/* One timed window: which message, and the time stamp counter at both its ends. */
struct ringcross_stamp {
	__u64 seq;
	__u64 start;
	__u64 end;
};

static inline __u64 ringcross_message_seq(const void *message)
{
	__u64 seq;

	memcpy(&seq, message, sizeof(seq));
	return seq;
}

static inline void ringcross_message_set_seq(void *message, __u64 seq)
{
	memcpy(message, &seq, sizeof(seq));
}

/* Over the body only: a sender may renumber a message without summing it again. */
static inline __u64 ringcross_message_sum(const void *message, size_t bytes)
{
	const unsigned char *at = message;
	__u64 sum = bytes;
	size_t i;

	for (i = RINGCROSS_MESSAGE_BODY; i < bytes; i += sizeof(__u64)) {
		__u64 word = 0;
		size_t left = bytes - i;

		memcpy(&word, at + i, left < sizeof(word) ? left : sizeof(word));
		/* The rotation makes the order of words count. */
		sum = (sum << 5 | sum >> 59) ^ word;
	}
	return sum;
}

/* Numbers the message and gives it a body of its own, so that a stale buffer is noticed. */
static inline void ringcross_message_fill(void *message, size_t bytes, __u64 seq)
{
	unsigned char *at = message;
	__u64 word = seq;
	__u64 sum;
	size_t i;

	ringcross_message_set_seq(message, seq);
	if (bytes < RINGCROSS_MESSAGE_BODY) {
		memset(at + sizeof(seq), 0, bytes - sizeof(seq));
		return;
	}
	for (i = RINGCROSS_MESSAGE_BODY; i < bytes; i += sizeof(word)) {
		size_t left = bytes - i;

		/* Knuth's 64-bit linear congruential generator. */
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(at + i, &word, left < sizeof(word) ? left : sizeof(word));
	}
	sum = ringcross_message_sum(message, bytes);
	memcpy(at + sizeof(seq), &sum, sizeof(sum));
}

/* Whether the body is the one that was summed. True for a message too short to carry a sum. */
static inline bool ringcross_message_intact(const void *message, size_t bytes)
{
	__u64 sum;

	if (bytes < RINGCROSS_MESSAGE_BODY)
		return true;
	memcpy(&sum, (const unsigned char *)message + sizeof(__u64), sizeof(sum));
	return sum == ringcross_message_sum(message, bytes);
}

#endif
