/* SPDX-License-Identifier: MIT */
/* User space's side of a ring that it shares with the kernel: kmod/chardev/ring-layout.h. */
#ifndef RING_VIEW_H
#define RING_VIEW_H

#include "../../kmod/chardev/ring-layout.h"
#include "bench.h"
#include "copy.h"

struct ring_view {
	struct ringcross_ring_header *header;
	unsigned char *slots;
	size_t slots_bytes;
	uint32_t slot_count;
	uint32_t slot_bytes;
	/* Our own index. */
	uint32_t index;
};

/*
 * Maps both parts of a new ring from the device `fd`. Every page is there from then on and stays:
 * the kernel maps them at once, and they are its own. 0, or -1 with the run failed.
 */
int ring_view_open(struct bench_run *run, struct ring_view *ring, int fd, off_t header, off_t slots,
		   int slots_protection);
void ring_view_close(const struct ring_view *ring);

static inline __attribute__((always_inline)) struct ringcross_ring_slot *
ring_view_slot(const struct ring_view *ring)
{
	const size_t slot = ring->index & (ring->slot_count - 1);

	return (struct ringcross_ring_slot *)(ring->slots + slot * ring->slot_bytes);
}

/* Adds a message and publishes it. False when there is no room. */
static inline __attribute__((always_inline)) bool ring_view_put(struct ring_view *ring, const void *message,
								uint32_t bytes)
{
	struct ringcross_ring_slot *slot;

	if (ring->index - __atomic_load_n(&ring->header->tail, __ATOMIC_ACQUIRE) == ring->slot_count)
		return false;
	slot = ring_view_slot(ring);
	slot->bytes = bytes;
	copy_words(slot->message, message, bytes);
	__atomic_store_n(&ring->header->head, ++ring->index, __ATOMIC_RELEASE);
	return true;
}

/*
 * Takes the oldest message and gives its slot back: its size, or 0 when there is none. One of
 * more than `room` bytes stays.
 */
static inline __attribute__((always_inline)) uint32_t ring_view_take(struct ring_view *ring, void *message,
								     uint32_t room)
{
	const struct ringcross_ring_slot *slot;
	uint32_t bytes;

	if (__atomic_load_n(&ring->header->head, __ATOMIC_ACQUIRE) == ring->index)
		return 0;
	slot = ring_view_slot(ring);
	bytes = slot->bytes;
	if (bytes > room)
		return bytes;
	copy_words(message, slot->message, bytes);
	__atomic_store_n(&ring->header->tail, ++ring->index, __ATOMIC_RELEASE);
	return bytes;
}

#endif
