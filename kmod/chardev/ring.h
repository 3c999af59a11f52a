/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's side of one ring, ring-layout.h, whichever of its two ends that is. */
#ifndef RINGCROSS_CHARDEV_RING_H
#define RINGCROSS_CHARDEV_RING_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "ring-layout.h"

struct ring_shape {
	/* A power of two. */
	u32 slots;
	u32 max_message;
	/* Both indices of an empty ring. */
	u32 first;
};

struct ring {
	struct ring_shape shape;
	u32 slot_bytes;
	/*
	 * Our index, the only one that is believed: what the header says of it is for user space,
	 * which can write there. Changed under the lock of the ring's owner, read without it.
	 */
	u32 index;
	/* Shared: anything in there may change at any time. */
	struct ringcross_ring_header *header;
	void *slots;
};

/* Memory that the slots of a ring of this shape take. */
size_t ring_slots_bytes(const struct ring_shape *shape);

/* 0 or -ENOMEM. */
int ring_init(struct ring *ring, const struct ring_shape *shape);
void ring_free(struct ring *ring);

/* Makes the ring as if it were new. The caller keeps all others away, mappings too. */
void ring_reset(struct ring *ring);

/* The kernel adds a message of at most max_message bytes: 0, -EAGAIN when there is no room, or -EPROTO. */
int ring_put(struct ring *ring, const void *message, u32 bytes);

/*
 * The kernel takes the oldest message: its size, -EAGAIN when there is none, -EMSGSIZE when
 * it has more than `room` bytes, or -EPROTO. On an error the message stays.
 */
int ring_take(struct ring *ring, void *message, u32 room);

/*
 * Messages that user space has not taken yet, where the kernel puts them in; and those that the
 * kernel has not, where user space does. -EPROTO for an index that cannot be; without the lock of the
 * ring's owner also where the index changed meanwhile.
 */
int ring_unread(const struct ring *ring);
int ring_pending(const struct ring *ring);

/* For mmap(2): 0, or -EINVAL where the mapping is larger than what it is of. */
int ring_map_header(const struct ring *ring, struct vm_area_struct *vma);
int ring_map_slots(const struct ring *ring, struct vm_area_struct *vma);

#endif
