// SPDX-License-Identifier: GPL-2.0
/*
 * A file system of our own, built on libfs: mount -t ringfs. It has one file,
 * `message`: a write replaces the message, a read from offset 0 shows the last one.
 * All mounts show the same one, which outlives them.
 *
 * The trigger `produce` makes the kernel store a message itself.
 *
 * Stamps:
 *   received  from entry of write, or from the end of a `hold`, to the message being the
 *             one that is shown
 *   sent      the copy of a finished message
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/fs_context.h>

#include "ringcross-compat.h"
#include "ringcross-slot.h"

/* What statfs(2) tells: "ring". */
#define RINGFS_MAGIC 0x72696e67

/* simple_fill_super() makes an entry's index its inode number; 0 is none and 1 is the root. */
#define RINGFS_FIRST_FILE 2

static int ringfs_produce(struct ringcross *rc, const void *message, unsigned int bytes);

static const struct ringcross_ops ringfs_ops = { .produce = ringfs_produce };

static struct ringcross rc = { .name = "ringfs", .ops = &ringfs_ops };

static struct ringcross_slot slot = { .rc = &rc };

static int ringfs_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	return ringcross_slot_produce(&slot, message, bytes);
}

static ssize_t ringfs_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	return ringcross_slot_write(&slot, file, from, bytes);
}

static ssize_t ringfs_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	return ringcross_slot_read(&slot, to, bytes, at);
}

static const struct file_operations ringfs_message_fops = {
	.owner = THIS_MODULE,
	.read = ringfs_read,
	.write = ringfs_write,
	.llseek = default_llseek,
};

static int ringfs_fill_super(struct super_block *super, struct fs_context *context)
{
	static const struct tree_descr files[] = {
		[RINGFS_FIRST_FILE] = { .name = "message", .ops = &ringfs_message_fops, .mode = 0644 },
		/* An empty name ends the list. */
		{ .name = "" },
	};

	return simple_fill_super(super, RINGFS_MAGIC, files);
}

static int ringfs_get_tree(struct fs_context *context)
{
	return get_tree_single(context, ringfs_fill_super);
}

static const struct fs_context_operations ringfs_context_ops = { .get_tree = ringfs_get_tree };

static int ringfs_init_fs_context(struct fs_context *context)
{
	context->ops = &ringfs_context_ops;
	return 0;
}

static struct file_system_type ringfs_type = {
	.owner = THIS_MODULE,
	.name = "ringfs",
	.init_fs_context = ringfs_init_fs_context,
	.kill_sb = ringcross_kill_super,
};
MODULE_ALIAS_FS("ringfs");

static int __init ringfs_init(void)
{
	int error;

	error = ringcross_slot_init(&slot);
	if (error)
		return error;
	error = register_filesystem(&ringfs_type);
	if (error) {
		ringcross_slot_free(&slot);
		return error;
	}
	ringcross_slot_start(&slot);
	return 0;
}

static void __exit ringfs_exit(void)
{
	ringcross_stop(&rc);
	/* Fails only for a type that is not registered. */
	unregister_filesystem(&ringfs_type);
	ringcross_slot_free(&slot);
}

module_init(ringfs_init);
module_exit(ringfs_exit);

MODULE_DESCRIPTION("ringcross: one message in a file system of our own");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
