// SPDX-License-Identifier: MIT
/* One allocation holds everything that a window could touch, so one call locks it and one releases it. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "runner.h"

#define PAGE 4096u

static size_t page_align(size_t bytes)
{
	return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static void *take(struct bench_run *run, size_t bytes)
{
	void *taken = (unsigned char *)run->arena + run->arena_used;

	run->arena_used += page_align(bytes);
	return taken;
}

/* The addon's own code and data, from its first header to its end. */
static int lock_addon(void)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	extern const char _end[] __attribute__((visibility("hidden")));
	const uintptr_t first = (uintptr_t)__ehdr_start & ~(uintptr_t)(PAGE - 1);

	return mlock((const void *)first, (uintptr_t)_end - first);
}

/* How many stamps each side may take. */
static void size_sides(struct bench_run *run)
{
	const struct bench *bench = run->bench;

	run->side[SENT].capacity = run->messages;
	run->side[RECEIVED].capacity = bench_listeners(run) * run->messages;
	if (!bench->take)
		return;
	/* Whatever comes twice is to be seen. */
	run->side[RECEIVED].capacity *= 2;
	run->side[REFUSED].capacity = run->messages;
	run->side[NOTICED].capacity = run->messages;
}

static size_t stamps_bytes(const struct bench_run *run, enum side side)
{
	return run->side[side].capacity * sizeof(struct ringcross_stamp);
}

int arena_prepare(struct bench_run *run)
{
	const size_t empty = run->messages * sizeof(uint64_t);
	void *arena;

	size_sides(run);
	for (int side = 0; side < SIDES; side++)
		run->arena_bytes += page_align(stamps_bytes(run, side));
	/* Populating a private writable mapping breaks copy-on-write too: no first touch is left for a window. */
	run->arena_bytes += page_align(empty) + 2 * page_align(run->bytes) + page_align(run->bench->state_bytes) +
			    STACKS * STACK_BYTES;
	arena = mmap(NULL, run->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
		     0);
	if (arena == MAP_FAILED)
		return bench_fail(run, errno, "mmap");
	run->arena = arena;
	if (run->realtime && (mlock(arena, run->arena_bytes) || lock_addon()))
		return bench_fail(run, errno, "mlock");

	for (int side = 0; side < SIDES; side++)
		run->side[side].stamps = take(run, stamps_bytes(run, side));
	run->empty = take(run, empty);
	run->out = take(run, run->bytes);
	run->in = take(run, run->bytes);
	run->state = take(run, run->bench->state_bytes);
	run->stack[SENT] = take(run, STACK_BYTES);
	run->stack[RECEIVED] = take(run, STACK_BYTES);
	return 0;
}

void bench_release(struct bench_run *run)
{
	if (run->arena)
		munmap(run->arena, run->arena_bytes);
	run->arena = NULL;
}
