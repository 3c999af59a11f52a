// SPDX-License-Identifier: GPL-2.0
/*
 * A module that reads memory which it has freed: whoever reads use_after_free in debugfs makes it do so. A kernel with
 * KASAN reports a use after free in use_after_free_planted(); without, the read returns as if nothing were wrong.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct dentry *file;

/* A test looks for the name. */
static noinline u64 use_after_free_planted(const volatile u64 *freed)
{
	return *freed;
}

static int use_after_free_get(void *data, u64 *value)
{
	u64 *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	kfree(object);
	*value = use_after_free_planted(object);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(use_after_free_fops, use_after_free_get, NULL, "%llu\n");

static int __init use_after_free_init(void)
{
	file = debugfs_create_file_unsafe("use_after_free", 0400, NULL, NULL, &use_after_free_fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit use_after_free_exit(void)
{
	debugfs_remove(file);
}

module_init(use_after_free_init);
module_exit(use_after_free_exit);

MODULE_DESCRIPTION("ringcross fixture: reads what it has freed");
MODULE_LICENSE("GPL");
