// SPDX-License-Identifier: GPL-2.0
/*
 * One ring in memory that user space shares. It is trusted with nothing: its index
 * is checked each time it is used, and the size in a slot is read once, checked, and
 * only then relied on. What it gets wrong is -EPROTO, and nothing else happens.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/barrier.h>

#include "ring.h"
#include "ringcross-message.h"

static u32 ring_slot_bytes(const struct ring_shape *shape)
{
	return ALIGN(sizeof(struct ringcross_ring_slot) + shape->max_message, RINGCROSS_RING_SLOT_ALIGN);
}

size_t ring_slots_bytes(const struct ring_shape *shape)
{
	return PAGE_ALIGN((size_t)shape->slots * ring_slot_bytes(shape));
}

int ring_init(struct ring *ring, const struct ring_shape *shape)
{
	BUILD_BUG_ON(sizeof(struct ringcross_ring_header) > PAGE_SIZE);

	ring->shape = *shape;
	ring->slot_bytes = ring_slot_bytes(shape);
	ring->header = vmalloc_user(PAGE_SIZE);
	if (!ring->header)
		return -ENOMEM;
	ring->slots = vmalloc_user(ring_slots_bytes(shape));
	if (!ring->slots) {
		vfree(ring->header);
		return -ENOMEM;
	}
	ring_reset(ring);
	return 0;
}

void ring_free(struct ring *ring)
{
	vfree(ring->slots);
	vfree(ring->header);
}

void ring_reset(struct ring *ring)
{
	memset(ring->slots, 0, ring_slots_bytes(&ring->shape));
	memset(ring->header, 0, PAGE_SIZE);
	ring->header->head = ring->shape.first;
	ring->header->tail = ring->shape.first;
	ring->header->slots = ring->shape.slots;
	ring->header->slot_bytes = ring->slot_bytes;
	ring->header->max_message = ring->shape.max_message;
	WRITE_ONCE(ring->index, ring->shape.first);
}

static struct ringcross_ring_slot *ring_slot(const struct ring *ring)
{
	return ring->slots + (size_t)(ring->index & (ring->shape.slots - 1)) * ring->slot_bytes;
}

/* Messages between two indices, of which one may be wrong. */
static int ring_distance(const struct ring *ring, u32 head, u32 tail)
{
	const u32 messages = head - tail;

	return messages > ring->shape.slots ? -EPROTO : (int)messages;
}

int ring_unread(const struct ring *ring)
{
	/* Pairs with the release by which user space gives slots back: it has read what is overwritten. */
	return ring_distance(ring, READ_ONCE(ring->index), smp_load_acquire(&ring->header->tail));
}

int ring_pending(const struct ring *ring)
{
	/* Pairs with the release by which user space publishes: the slot is written. */
	return ring_distance(ring, smp_load_acquire(&ring->header->head), READ_ONCE(ring->index));
}

int ring_put(struct ring *ring, const void *message, u32 bytes)
{
	const int used = ring_unread(ring);
	struct ringcross_ring_slot *slot;

	if (used < 0)
		return used;
	if (used == ring->shape.slots)
		return -EAGAIN;
	slot = ring_slot(ring);
	slot->bytes = bytes;
	memcpy(slot->message, message, bytes);
	WRITE_ONCE(ring->index, ring->index + 1);
	/* Whoever loads the new head finds the slot written. */
	smp_store_release(&ring->header->head, ring->index);
	return 0;
}

int ring_take(struct ring *ring, void *message, u32 room)
{
	const int waiting = ring_pending(ring);
	const struct ringcross_ring_slot *slot;
	u32 bytes;

	if (waiting < 0)
		return waiting;
	if (!waiting)
		return -EAGAIN;
	slot = ring_slot(ring);
	bytes = READ_ONCE(slot->bytes);
	if (bytes < RINGCROSS_MESSAGE_MIN || bytes > ring->shape.max_message)
		return -EPROTO;
	if (bytes > room)
		return -EMSGSIZE;
	memcpy(message, slot->message, bytes);
	WRITE_ONCE(ring->index, ring->index + 1);
	/* Whoever loads the new tail may write over the slot, which has been read. */
	smp_store_release(&ring->header->tail, ring->index);
	return bytes;
}

int ring_map_header(const struct ring *ring, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, ring->header, 0);
}

int ring_map_slots(const struct ring *ring, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, ring->slots, 0);
}
