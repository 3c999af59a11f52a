// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ringcross-procfs: one message in a file of procfs.
 *
 * A write replaces the message, a read from offset 0 shows the last one through a
 * seq_file, which copies it into a buffer of the open file first. poll(2) answers
 * POLLPRI and POLLERR to a file that has not been read since the message changed,
 * as /proc/mounts does; POLLIN and POLLOUT hold always.
 *
 * The trigger `produce` makes the kernel store a message itself.
 *
 * Stamps:
 *   received  from entry of write, or from the end of a `hold`, to the message being the
 *             one that is shown
 *   sent      from the copy of a finished message to the end of the wake-up of
 *             those who poll
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "ringcross-slot.h"

#define PROCFS_NAME "ringcross-procfs"

static int procfs_produce(struct ringcross *rc, const void *message, unsigned int bytes);
static void procfs_changed(void);

static const struct ringcross_ops procfs_ops = { .produce = procfs_produce };

static struct ringcross rc = { .name = "procfs", .ops = &procfs_ops };

static struct ringcross_slot slot = { .rc = &rc, .changed = procfs_changed };

static DECLARE_WAIT_QUEUE_HEAD(procfs_waiters);

static void procfs_changed(void)
{
	wake_up_interruptible(&procfs_waiters);
}

static int procfs_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	return ringcross_slot_produce(&slot, message, bytes);
}

/* Called again with a larger buffer while the message does not fit, so it takes nothing away. */
static int procfs_show(struct seq_file *seq, void *unused)
{
	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	WRITE_ONCE(seq->poll_event, (int)slot.generation);
	seq_write(seq, slot.message, slot.bytes);
	mutex_unlock(&slot.lock);
	return 0;
}

/*
 * procfs holds no reference to the module of an open file, and closes the file itself when the
 * module goes. But a task that polls stays in our wait queue after the call into us has ended.
 */
static int procfs_open(struct inode *inode, struct file *file)
{
	struct seq_file *seq;
	int error;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	error = single_open(file, procfs_show, NULL);
	if (error) {
		module_put(THIS_MODULE);
		return error;
	}
	seq = file->private_data;
	seq->poll_event = (int)READ_ONCE(slot.generation);
	return 0;
}

/* remove_proc_entry() waits for whoever is in here, so the reference may go before the last instruction. */
static int procfs_release(struct inode *inode, struct file *file)
{
	const int error = single_release(inode, file);

	module_put(THIS_MODULE);
	return error;
}

static ssize_t procfs_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	return ringcross_slot_write(&slot, file, from, bytes);
}

static __poll_t procfs_poll(struct file *file, poll_table *wait)
{
	const struct seq_file *seq = file->private_data;

	poll_wait(file, &procfs_waiters, wait);
	if (READ_ONCE(seq->poll_event) != (int)READ_ONCE(slot.generation))
		return DEFAULT_POLLMASK | EPOLLERR | EPOLLPRI;
	return DEFAULT_POLLMASK;
}

static const struct proc_ops procfs_proc_ops = {
	.proc_open = procfs_open,
	.proc_release = procfs_release,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = procfs_write,
	.proc_poll = procfs_poll,
};

static int __init procfs_init(void)
{
	int error;

	error = ringcross_slot_init(&slot);
	if (error)
		return error;
	if (!proc_create(PROCFS_NAME, 0644, NULL, &procfs_proc_ops)) {
		ringcross_slot_free(&slot);
		return -ENOMEM;
	}
	ringcross_slot_start(&slot);
	return 0;
}

static void __exit procfs_exit(void)
{
	ringcross_stop(&rc);
	remove_proc_entry(PROCFS_NAME, NULL);
	ringcross_slot_free(&slot);
}

module_init(procfs_init);
module_exit(procfs_exit);

MODULE_DESCRIPTION("ringcross: one message in a file of procfs");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
