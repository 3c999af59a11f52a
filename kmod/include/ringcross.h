/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every module of ringcross shares: stamps of the kernel's side of a message,
 * the files through which they are read, and the words of the trigger that makes
 * the kernel send.
 *
 * Each module has one folder in debugfs. Its stamp logs there are files of raw
 * struct ringcross_stamp; `overhead` is the median empty window, in ticks.
 */
#ifndef RINGCROSS_H
#define RINGCROSS_H

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>
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

/* Read while no message is under way: the last stamp may not be whole before. */
static ssize_t ringcross_log_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross_log *log = file->private_data;
	unsigned int count = min_t(unsigned int, atomic_read(&log->taken), log->capacity);

	return simple_read_from_buffer(to, bytes, at, log->stamps, count * sizeof(*log->stamps));
}

/* Writing the word `reset` empties the log. */
static ssize_t ringcross_log_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross_log *log = file->private_data;
	char word[8] = "";

	if (bytes >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, bytes))
		return -EFAULT;
	if (!sysfs_streq(word, "reset"))
		return -EINVAL;
	atomic_set(&log->taken, 0);
	return bytes;
}

static const struct file_operations ringcross_log_fops __maybe_unused = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_log_read,
	.write = ringcross_log_write,
	.llseek = default_llseek,
};

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

/* What a `produce` trigger was told: the size of one message and its number. */
struct ringcross_order {
	unsigned int bytes;
	u64 seq;
	/* The body of the last message will do, if it has this size: making one up takes its time. */
	bool keep;
};

#define RINGCROSS_ORDER_HELP "BYTES SEQ [keep]\n"

/* Parses those words from user space: 0, -EFAULT, or -EINVAL for any others. */
static inline int ringcross_get_order(const char __user *from, size_t bytes, struct ringcross_order *order)
{
	/* Ten digits, twenty digits, a word, what separates and ends them. */
	char words[40] = "";
	char *rest = words;
	char *first;
	char *second;

	if (bytes >= sizeof(words))
		return -EINVAL;
	if (copy_from_user(words, from, bytes))
		return -EFAULT;
	strim(words);
	first = strsep(&rest, " ");
	second = strsep(&rest, " ");
	if (!second || kstrtouint(first, 10, &order->bytes) || kstrtou64(second, 10, &order->seq))
		return -EINVAL;
	order->keep = rest;
	if (rest && strcmp(rest, "keep"))
		return -EINVAL;
	return 0;
}

#endif
