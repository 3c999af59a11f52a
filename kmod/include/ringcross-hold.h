/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file `hold` in the module's folder of debugfs: while anybody has it open, the
 * kernel's side does not take messages. It shows whether the sender's call waits
 * for that, and a test that dies lets go of it.
 *
 * For a receiver that runs in a sender's context and may sleep:
 *
 *	ringcross_hold_start(&hold, rc.folder)	after ringcross_start()
 *	ringcross_hold_wait(&hold)		before a message is taken
 *	ringcross_hold_wait_file(&hold, file)	the same in the handler of an open file
 */
#ifndef RINGCROSS_HOLD_H
#define RINGCROSS_HOLD_H

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/wait.h>

struct ringcross_hold {
	atomic_t holders;
	wait_queue_head_t released;
};

/* Of a module's only hold, which may be waited for before there is a file. */
#define RINGCROSS_HOLD_INIT(name) { .released = __WAIT_QUEUE_HEAD_INITIALIZER((name).released) }

static int ringcross_hold_open(struct inode *inode, struct file *file)
{
	struct ringcross_hold *hold = inode->i_private;

	file->private_data = hold;
	atomic_inc(&hold->holders);
	return 0;
}

static int ringcross_hold_release(struct inode *inode, struct file *file)
{
	struct ringcross_hold *hold = file->private_data;

	if (atomic_dec_and_test(&hold->holders))
		wake_up_all(&hold->released);
	return 0;
}

/* The owner keeps the module, and so the hold, while the file is open. */
static const struct file_operations ringcross_hold_fops = {
	.owner = THIS_MODULE,
	.open = ringcross_hold_open,
	.release = ringcross_hold_release,
};

/* The same of one that is part of something else. */
static inline void ringcross_hold_init(struct ringcross_hold *hold)
{
	atomic_set(&hold->holders, 0);
	init_waitqueue_head(&hold->released);
}

static inline void ringcross_hold_start(struct ringcross_hold *hold, struct dentry *folder)
{
	debugfs_create_file("hold", 0400, folder, hold, &ringcross_hold_fops);
}

/* 0 once nobody holds, or -ERESTARTSYS when a signal came first. */
static inline int ringcross_hold_wait(struct ringcross_hold *hold)
{
	return wait_event_interruptible(hold->released, !atomic_read(&hold->holders));
}

/* As ringcross_hold_wait(), or -EAGAIN where somebody holds and the file is not to wait. */
static inline int ringcross_hold_wait_file(struct ringcross_hold *hold, const struct file *file)
{
	if (file->f_flags & O_NONBLOCK)
		return atomic_read(&hold->holders) ? -EAGAIN : 0;
	return ringcross_hold_wait(hold);
}

#endif
