/* SPDX-License-Identifier: GPL-2.0 */
/* Stamps of the kernel's side of a message: how they are taken, where they are kept. */
#ifndef RINGCROSS_LOG_H
#define RINGCROSS_LOG_H

#include <linux/atomic.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "ringcross-message.h"

/*
 * Both ends of a window on the kernel's side. A stamp is taken here and stored by
 * ringcross_log_add() after the window has closed.
 */
static __always_inline u64 ringcross_ticks(void)
{
	return rdtsc_ordered();
}

/* Stamps in memory that is there before the first one is taken. */
struct ringcross_log {
	struct ringcross_stamp *stamps;
	unsigned int capacity;
	/* May pass the capacity, by as many as add at once when it is reached. */
	atomic_t taken;
};

static inline int ringcross_log_init(struct ringcross_log *log, unsigned int capacity)
{
	log->stamps = vzalloc(array_size(capacity, sizeof(*log->stamps)));
	if (!log->stamps)
		return -ENOMEM;
	log->capacity = capacity;
	atomic_set(&log->taken, 0);
	return 0;
}

static inline void ringcross_log_free(struct ringcross_log *log)
{
	vfree(log->stamps);
	log->stamps = NULL;
}

/*
 * Stores a window; from any context. A full log keeps what it has: the message
 * that is missing then fails its case by name.
 */
static inline void ringcross_log_add(struct ringcross_log *log, u64 seq, u64 start, u64 end)
{
	int index;

	if (atomic_read(&log->taken) >= (int)log->capacity)
		return;
	index = atomic_fetch_inc(&log->taken);
	if (index < (int)log->capacity)
		log->stamps[index] = (struct ringcross_stamp){ .seq = seq, .start = start, .end = end };
}

static inline int ringcross_compare_ticks(const void *left, const void *right)
{
	const u64 a = *(const u64 *)left;
	const u64 b = *(const u64 *)right;

	return (a > b) - (a < b);
}

/* Median of the empty window; sleeps, so it is measured when the module is loaded. */
static inline int ringcross_window_overhead(u64 *overhead)
{
	const size_t windows = 1001;
	u64 *ticks = kmalloc_array(windows, sizeof(*ticks), GFP_KERNEL);
	size_t i;

	if (!ticks)
		return -ENOMEM;
	for (i = 0; i < windows; i++) {
		const u64 start = ringcross_ticks();

		ticks[i] = ringcross_ticks() - start;
	}
	sort(ticks, windows, sizeof(*ticks), ringcross_compare_ticks, NULL);
	*overhead = ticks[windows / 2];
	kfree(ticks);
	return 0;
}

#endif
