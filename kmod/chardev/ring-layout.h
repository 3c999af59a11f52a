/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * /dev/ringcross-chardev-ring, as the kernel and user space see it: two rings in
 * shared memory, one for each direction, each with one producer and one consumer.
 *
 * A ring is a header page and an array of slots, which are mapped one by one. A slot
 * holds one message and is as large as the largest: a message then lies in one piece
 * and costs the same wherever the ring turns over, and an index can only name a slot
 * that exists. The price is memory; records of any length would need less of it.
 *
 * Indices count messages and turn over after 2^32 of them, so the number of slots
 * is a power of two. They have 32 bits because a 32-bit program, too, loads and stores
 * those in one piece.
 */
#ifndef RINGCROSS_CHARDEV_RING_LAYOUT_H
#define RINGCROSS_CHARDEV_RING_LAYOUT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Offsets for mmap(2). The slots that the kernel fills can only be mapped for reading. */
#define RINGCROSS_RING_TO_USER_HEADER 0x00000000
#define RINGCROSS_RING_TO_KERNEL_HEADER 0x10000000
#define RINGCROSS_RING_TO_USER_SLOTS 0x20000000
#define RINGCROSS_RING_TO_KERNEL_SLOTS 0x30000000

/* Makes the kernel take what the ring to it holds: how many messages it took. */
#define RINGCROSS_RING_DOORBELL _IO(0xDE, 0x00)

/* Each index is written by one side alone, and none shares a cache line with another. */
#define RINGCROSS_RING_LINE 64

struct ringcross_ring_header {
	/* Messages put in so far: the producer's. */
	__u32 head __attribute__((aligned(RINGCROSS_RING_LINE)));
	/* Messages taken out so far: the consumer's. */
	__u32 tail __attribute__((aligned(RINGCROSS_RING_LINE)));
	/* Written by the kernel when the ring is made, for user space to read. */
	__u32 slots __attribute__((aligned(RINGCROSS_RING_LINE)));
	__u32 slot_bytes;
	__u32 max_message;
};

/*
 * At index modulo `slots`, every `slot_bytes`, a multiple of this: the kernel's memcpy
 * chooses its way by the low bytes of both addresses, which are then the same for all slots.
 */
#define RINGCROSS_RING_SLOT_ALIGN 256

struct ringcross_ring_slot {
	/* Of the message. */
	__u32 bytes;
	__u32 reserved;
	__u8 message[];
};

#endif
