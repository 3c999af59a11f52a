// SPDX-License-Identifier: GPL-2.0
/* A module that calls what came with Linux 6.1, and so does not build for 5.10. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

static int __init since_6_1_init(void)
{
	return kmalloc_size_roundup(3) < 3 ? -EINVAL : 0;
}

static void __exit since_6_1_exit(void)
{
}

module_init(since_6_1_init);
module_exit(since_6_1_exit);

MODULE_DESCRIPTION("ringcross fixture: needs Linux 6.1");
MODULE_LICENSE("GPL");
