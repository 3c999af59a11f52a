// SPDX-License-Identifier: GPL-2.0
/*
 * A module that leaves its kernel dirty: memory that nobody frees, a thread
 * that never ends, a taint, and itself, since it holds a reference of its own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

static int idle(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init ringcross_dirty_init(void)
{
	struct task_struct *thread;
	void *leaked = kmalloc(4096, GFP_KERNEL);

	if (!leaked)
		return -ENOMEM;
	thread = kthread_run(idle, NULL, "ringcross-left");
	if (IS_ERR(thread)) {
		kfree(leaked);
		return PTR_ERR(thread);
	}
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	__module_get(THIS_MODULE);
	return 0;
}

static void __exit ringcross_dirty_exit(void)
{
}

module_init(ringcross_dirty_init);
module_exit(ringcross_dirty_exit);

MODULE_DESCRIPTION("ringcross fixture: leaves its kernel dirty");
MODULE_LICENSE("GPL");
