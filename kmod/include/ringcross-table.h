/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table of numbers that changes while it is read: what a module lists by a dump, and
 * tells the changes of by events. Each change has a number of its own, the generation,
 * which says whether an event is older than a listing, and whether one is missing.
 *
 * For one file of a module, as it has a parameter:
 *
 *	ringcross_table_init()	memory
 *	ringcross_table_start()	files in debugfs, after ringcross_start()
 *	...			the files are gone
 *	ringcross_table_free()	memory
 *
 * Files in the module's folder of debugfs:
 *	table		"INDEX VALUE" changes one entry; -ERANGE for an index that there is not
 *	truth		all values, raw u64
 *	generation	number of the last change
 */
#ifndef RINGCROSS_TABLE_H
#define RINGCROSS_TABLE_H

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "ringcross-control.h"

#define RINGCROSS_TABLE_MAX_ENTRIES 65536u

static unsigned int entries = 512;
module_param(entries, uint, 0444);
MODULE_PARM_DESC(entries, "entries of the table that dumps list (default 512)");

struct ringcross_table {
	/*
	 * Changes the entry, which there is, by ringcross_table_set() and sends the event: 0, or a negative
	 * errno when nothing has changed. May sleep; what it sends must go out in the order of generations.
	 */
	int (*change)(u32 index, u64 value);
	/* Guards what follows. */
	struct mutex lock;
	u64 generation;
	u64 *values;
};

/* Takes the lock; returns the change's generation. */
static inline u64 ringcross_table_set(struct ringcross_table *table, u32 index, u64 value)
{
	u64 generation;

	mutex_lock(&table->lock);
	table->values[index] = value;
	generation = ++table->generation;
	mutex_unlock(&table->lock);
	return generation;
}

/*
 * The generation as nl_dump_check_consistent() wants it: 32 bits, and never 0. Under the lock, before
 * the first entry of a buffer is put into it.
 */
static inline unsigned int ringcross_table_seq(const struct ringcross_table *table)
{
	return 1 + table->generation % U32_MAX;
}

/* Longest: ten digits, twenty, what separates and ends them. */
#define RINGCROSS_TABLE_WORDS 33

static ssize_t ringcross_table_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross_table *table = file->private_data;
	char words[RINGCROSS_TABLE_WORDS];
	char *value = words;
	char *first;
	u64 wanted;
	u32 index;
	int error;

	if (bytes >= sizeof(words))
		return -EINVAL;
	if (copy_from_user(words, from, bytes))
		return -EFAULT;
	words[bytes] = '\0';
	/* A NUL in between would hide what follows it. */
	if (strlen(words) != bytes)
		return -EINVAL;
	first = strsep(&value, " ");
	if (!value)
		return -EINVAL;
	error = kstrtou32(first, 10, &index);
	if (!error)
		error = kstrtou64(value, 10, &wanted);
	if (!error && index >= entries)
		error = -ERANGE;
	if (!error)
		error = table->change(index, wanted);
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(ringcross_table, "INDEX VALUE\n");

/* What one call reads is of one generation. */
static ssize_t ringcross_truth_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross_table *table = file->private_data;
	ssize_t done;

	if (mutex_lock_interruptible(&table->lock))
		return -ERESTARTSYS;
	done = simple_read_from_buffer(to, bytes, at, table->values, entries * sizeof(*table->values));
	mutex_unlock(&table->lock);
	return done;
}

static const struct file_operations ringcross_truth_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_truth_read,
	.llseek = default_llseek,
};

/* All values are 0. */
static int ringcross_table_init(struct ringcross_table *table)
{
	if (!entries || entries > RINGCROSS_TABLE_MAX_ENTRIES) {
		pr_err("entries=%u: want 1 to %u\n", entries, RINGCROSS_TABLE_MAX_ENTRIES);
		return -EINVAL;
	}
	mutex_init(&table->lock);
	table->generation = 0;
	table->values = vzalloc(array_size(entries, sizeof(*table->values)));
	return table->values ? 0 : -ENOMEM;
}

static void ringcross_table_start(struct ringcross_table *table, struct dentry *folder)
{
	debugfs_create_file("table", 0600, folder, table, &ringcross_table_fops);
	debugfs_create_file("truth", 0400, folder, table, &ringcross_truth_fops);
	debugfs_create_u64("generation", 0400, folder, &table->generation);
}

static void ringcross_table_free(struct ringcross_table *table)
{
	vfree(table->values);
	table->values = NULL;
}

#endif
