// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/postbox: a bounded queue of messages, each put in whole by one write(2) and taken out
 * whole by one read(2), oldest first.
 *
 * A writer that finds it full and a reader that finds it empty wait, or get EAGAIN with
 * O_NONBLOCK; poll(2) tells who need not. A message is EINVAL without a byte and EMSGSIZE
 * beyond max_message. One that does not fit into the reader's buffer is EMSGSIZE too, and stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define POSTBOX_MAX_CAPACITY 1024u
#define POSTBOX_MAX_MESSAGE SZ_64K

static unsigned int capacity = 16;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "messages that it holds (default 16)");

static unsigned int max_message = SZ_4K;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 4096)");

/* Guards what follows it but the wait queues. */
static DEFINE_MUTEX(postbox_lock);
static DECLARE_WAIT_QUEUE_HEAD(postbox_readable);
static DECLARE_WAIT_QUEUE_HEAD(postbox_writable);
/* `capacity` slots of `max_message` bytes, with the length of what is in each. */
static void *postbox_slots;
static unsigned int *postbox_lengths;
/* The slot of the oldest message. */
static unsigned int postbox_first;
/* Messages in the box. Read without the lock by those who wait for it to change. */
static unsigned int postbox_count;

static bool postbox_empty(void)
{
	return READ_ONCE(postbox_count) == 0;
}

static bool postbox_full(void)
{
	return READ_ONCE(postbox_count) == capacity;
}

static void *postbox_slot(unsigned int index)
{
	return postbox_slots + (size_t)index * max_message;
}

/* Takes the lock at a moment when the box is not as `blocked` says. */
static int postbox_lock_unless(bool (*blocked)(void), wait_queue_head_t *wait, const struct file *file)
{
	if (mutex_lock_interruptible(&postbox_lock))
		return -ERESTARTSYS;
	while (blocked()) {
		mutex_unlock(&postbox_lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(*wait, !blocked()))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&postbox_lock))
			return -ERESTARTSYS;
	}
	return 0;
}

static int postbox_open(struct inode *inode, struct file *file)
{
	/* Messages have an order and no offset. */
	return stream_open(inode, file);
}

static ssize_t postbox_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	unsigned int slot;
	ssize_t result;

	if (bytes == 0)
		return -EINVAL;
	if (bytes > max_message)
		return -EMSGSIZE;
	result = postbox_lock_unless(postbox_full, &postbox_writable, file);
	if (result)
		return result;

	slot = (postbox_first + postbox_count) % capacity;
	/* The message counts only once it is there: half of one is never read. */
	if (copy_from_user(postbox_slot(slot), from, bytes)) {
		result = -EFAULT;
		goto unlock;
	}
	postbox_lengths[slot] = bytes;
	WRITE_ONCE(postbox_count, postbox_count + 1);
	result = bytes;
unlock:
	mutex_unlock(&postbox_lock);
	if (result > 0)
		wake_up_interruptible(&postbox_readable);
	return result;
}

static ssize_t postbox_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	unsigned int length;
	ssize_t result;

	result = postbox_lock_unless(postbox_empty, &postbox_readable, file);
	if (result)
		return result;

	length = postbox_lengths[postbox_first];
	/* Neither a short buffer nor a bad one loses the message. */
	if (bytes < length) {
		result = -EMSGSIZE;
		goto unlock;
	}
	if (copy_to_user(to, postbox_slot(postbox_first), length)) {
		result = -EFAULT;
		goto unlock;
	}
	postbox_first = (postbox_first + 1) % capacity;
	WRITE_ONCE(postbox_count, postbox_count - 1);
	result = length;
unlock:
	mutex_unlock(&postbox_lock);
	if (result > 0)
		wake_up_interruptible(&postbox_writable);
	return result;
}

static __poll_t postbox_poll(struct file *file, poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &postbox_readable, wait);
	poll_wait(file, &postbox_writable, wait);
	if (!postbox_empty())
		events |= EPOLLIN | EPOLLRDNORM;
	if (!postbox_full())
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static const struct file_operations postbox_fops = {
	.owner = THIS_MODULE,
	.open = postbox_open,
	.read = postbox_read,
	.write = postbox_write,
	.poll = postbox_poll,
};

static struct miscdevice postbox_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "postbox",
	.fops = &postbox_fops,
	.mode = 0600,
};

static int __init postbox_init(void)
{
	int error;

	if (capacity < 1 || capacity > POSTBOX_MAX_CAPACITY) {
		pr_err("capacity=%u: want 1 to %u messages\n", capacity, POSTBOX_MAX_CAPACITY);
		return -EINVAL;
	}
	if (max_message < 1 || max_message > POSTBOX_MAX_MESSAGE) {
		pr_err("max_message=%u: want 1 to %u bytes\n", max_message, POSTBOX_MAX_MESSAGE);
		return -EINVAL;
	}
	postbox_slots = kvcalloc(capacity, max_message, GFP_KERNEL);
	if (!postbox_slots)
		return -ENOMEM;
	postbox_lengths = kcalloc(capacity, sizeof(*postbox_lengths), GFP_KERNEL);
	if (!postbox_lengths) {
		error = -ENOMEM;
		goto free_slots;
	}
	error = misc_register(&postbox_device);
	if (error)
		goto free_lengths;
	return 0;

free_lengths:
	kfree(postbox_lengths);
free_slots:
	kvfree(postbox_slots);
	return error;
}

static void __exit postbox_exit(void)
{
	misc_deregister(&postbox_device);
	kfree(postbox_lengths);
	kvfree(postbox_slots);
}

module_init(postbox_init);
module_exit(postbox_exit);

MODULE_DESCRIPTION("A bounded queue of messages behind a character device");
MODULE_LICENSE("GPL");
