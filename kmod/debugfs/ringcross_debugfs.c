// SPDX-License-Identifier: GPL-2.0
/*
 * One message in two files of debugfs, both in its folder ringcross-debugfs/.
 *
 *   message  our own read and write: a write replaces the message, a read from
 *            offset 0 shows the last one
 *   blob     the same memory through debugfs_create_blob(), which takes no lock of
 *            ours: a reader may see a message that is being replaced. Its mode is for
 *            reading; a kernel whose blobs can be written lets root write over the
 *            message all the same, within its size.
 *
 * The trigger `produce` makes the kernel store a message itself.
 *
 * Stamps:
 *   received  from entry of write, or from the end of a `hold`, to the message being the
 *             one that is shown
 *   sent      the copy of a finished message, until both files show it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>

#include "ringcross-slot.h"

static int dbgfs_produce(struct ringcross *rc, const void *message, unsigned int bytes);
static void dbgfs_changed(void);

static const struct ringcross_ops dbgfs_ops = { .produce = dbgfs_produce };

static struct ringcross rc = { .name = "debugfs", .ops = &dbgfs_ops };

static struct ringcross_slot slot = { .rc = &rc, .changed = dbgfs_changed };

static struct debugfs_blob_wrapper blob;

/* Any data with any size stays inside of memory that is there: both buffers have max_message bytes. */
static void dbgfs_changed(void)
{
	WRITE_ONCE(blob.data, slot.message);
	WRITE_ONCE(blob.size, slot.bytes);
}

static int dbgfs_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	return ringcross_slot_produce(&slot, message, bytes);
}

static ssize_t dbgfs_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	return ringcross_slot_write(&slot, file, from, bytes);
}

static ssize_t dbgfs_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	return ringcross_slot_read(&slot, to, bytes, at);
}

static const struct file_operations dbgfs_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = dbgfs_read,
	.write = dbgfs_write,
	.llseek = default_llseek,
};

static int __init dbgfs_init(void)
{
	int error;

	error = ringcross_slot_init(&slot);
	if (error)
		return error;
	dbgfs_changed();
	ringcross_slot_start(&slot);
	debugfs_create_file("message", 0644, rc.folder, NULL, &dbgfs_fops);
	debugfs_create_blob("blob", 0444, rc.folder, &blob);
	return 0;
}

static void __exit dbgfs_exit(void)
{
	/* Takes away the whole folder. */
	ringcross_stop(&rc);
	ringcross_slot_free(&slot);
}

module_init(dbgfs_init);
module_exit(dbgfs_exit);

MODULE_DESCRIPTION("ringcross: one message in files of debugfs");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
