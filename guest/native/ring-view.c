// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/mman.h>

#include "ring-view.h"

/* As the kernel rounds a mapping up; the rest of a page is part of the ring's memory. */
#define PAGE 4096u

int ring_view_open(struct bench_run *run, struct ring_view *ring, int fd, off_t header, off_t slots,
		   int slots_protection)
{
	ring->header = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, header);
	if (ring->header == MAP_FAILED)
		return bench_fail(run, errno, "mmap");
	ring->slot_count = ring->header->slots;
	ring->slot_bytes = ring->header->slot_bytes;
	ring->index = ring->header->tail;
	ring->slots_bytes = (size_t)ring->slot_count * ring->slot_bytes;
	ring->slots = mmap(NULL, ring->slots_bytes, slots_protection, MAP_SHARED, fd, slots);
	if (ring->slots == MAP_FAILED) {
		bench_fail(run, errno, "mmap");
		munmap(ring->header, PAGE);
		return -1;
	}
	return 0;
}

void ring_view_close(const struct ring_view *ring)
{
	munmap(ring->slots, ring->slots_bytes);
	munmap(ring->header, PAGE);
}
