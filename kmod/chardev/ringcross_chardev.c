// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ringcross-chardev: a bounded queue of messages behind read(2) and write(2).
 *
 * A write adds one message, a read takes the oldest one, whole. A full queue
 * blocks a writer and an empty one a reader, or answers EAGAIN with O_NONBLOCK;
 * poll(2) tells both. When the last opener closes the device, what nobody read
 * is dropped.
 *
 * Writing "BYTES SEQ" to ringcross-chardev/produce in debugfs makes the kernel add
 * a message itself; with "keep" behind, it has the body of the one before.
 *
 * Stamps, by sequence number, in ringcross-chardev/ of debugfs:
 *   received  from entry of write to the end of copy_from_user
 *   sent      from the copy of a finished message into the queue to the end of
 *             the wake-up of its readers; making up the message comes before
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "ringcross.h"

#define CHARDEV_NAME "ringcross-chardev"
#define CHARDEV_MAX_MEMORY (64u << 20)
#define CHARDEV_MAX_STAMPS (16u << 20)

static unsigned int capacity = 16;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "messages that the queue holds (default 16)");

static unsigned int max_message = 65536;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 65536)");

static unsigned int stamps = 65536;
module_param(stamps, uint, 0444);
MODULE_PARM_DESC(stamps, "stamps that each log holds (default 65536)");

static struct {
	/* Guards all but the wait queues and the logs. */
	struct mutex lock;
	wait_queue_head_t readable;
	wait_queue_head_t writable;
	/* `capacity` slots of `max_message` bytes, a ring from `first` on. */
	void *slots;
	unsigned int *lengths;
	unsigned int first;
	/* Read without the lock by those who wait for it to change. */
	unsigned int count;
	unsigned int openers;
	/* Where a message of the kernel's is made up, before it is timed, and the size of the last one. */
	void *draft;
	unsigned int draft_bytes;
} queue;

static struct ringcross_log received;
static struct ringcross_log sent;
static u64 overhead;
static struct dentry *folder;

static bool chardev_empty(void)
{
	return READ_ONCE(queue.count) == 0;
}

static bool chardev_full(void)
{
	return READ_ONCE(queue.count) == capacity;
}

static unsigned int chardev_next(void)
{
	return (queue.first + queue.count) % capacity;
}

static void *chardev_slot(unsigned int index)
{
	return queue.slots + (size_t)index * max_message;
}

/* The slot that chardev_next() names holds a whole message. */
static void chardev_commit(unsigned int bytes)
{
	queue.lengths[chardev_next()] = bytes;
	WRITE_ONCE(queue.count, queue.count + 1);
}

/* Takes the lock at a moment when the queue is not as `blocked` says. */
static int chardev_lock_unless(bool (*blocked)(void), wait_queue_head_t *wait, struct file *file)
{
	if (mutex_lock_interruptible(&queue.lock))
		return -ERESTARTSYS;
	while (blocked()) {
		mutex_unlock(&queue.lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(*wait, !blocked()))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&queue.lock))
			return -ERESTARTSYS;
	}
	return 0;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	mutex_lock(&queue.lock);
	queue.openers++;
	mutex_unlock(&queue.lock);
	return stream_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	mutex_lock(&queue.lock);
	if (!--queue.openers)
		WRITE_ONCE(queue.count, 0);
	mutex_unlock(&queue.lock);
	return 0;
}

static ssize_t chardev_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	const u64 start = ringcross_ticks();
	void *slot;
	u64 end;
	int error;

	if (bytes < RINGCROSS_MESSAGE_MIN)
		return -EINVAL;
	if (bytes > max_message)
		return -EMSGSIZE;
	error = chardev_lock_unless(chardev_full, &queue.writable, file);
	if (error)
		return error;

	slot = chardev_slot(chardev_next());
	if (copy_from_user(slot, from, bytes)) {
		mutex_unlock(&queue.lock);
		return -EFAULT;
	}
	end = ringcross_ticks();
	ringcross_log_add(&received, ringcross_message_seq(slot), start, end);
	chardev_commit(bytes);
	mutex_unlock(&queue.lock);

	wake_up_interruptible(&queue.readable);
	return bytes;
}

static ssize_t chardev_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	unsigned int length;
	int error;

	error = chardev_lock_unless(chardev_empty, &queue.readable, file);
	if (error)
		return error;

	length = queue.lengths[queue.first];
	/* A message is taken whole or stays: neither a short buffer nor a bad one loses it. */
	if (bytes < length)
		error = -EMSGSIZE;
	else if (copy_to_user(to, chardev_slot(queue.first), length))
		error = -EFAULT;
	if (error) {
		mutex_unlock(&queue.lock);
		return error;
	}
	queue.first = (queue.first + 1) % capacity;
	WRITE_ONCE(queue.count, queue.count - 1);
	mutex_unlock(&queue.lock);

	wake_up_interruptible(&queue.writable);
	return length;
}

static __poll_t chardev_poll(struct file *file, poll_table *wait)
{
	__poll_t events = 0;

	poll_wait(file, &queue.readable, wait);
	poll_wait(file, &queue.writable, wait);
	if (!chardev_empty())
		events |= EPOLLIN | EPOLLRDNORM;
	if (!chardev_full())
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = chardev_read,
	.write = chardev_write,
	.poll = chardev_poll,
};

static struct miscdevice chardev_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = CHARDEV_NAME,
	.fops = &chardev_fops,
	.mode = 0600,
};

/* Adds one message, or says why not: never waits for room. */
static int chardev_produce(const struct ringcross_order *order)
{
	u64 start;
	u64 end;

	if (order->bytes < RINGCROSS_MESSAGE_MIN)
		return -EINVAL;
	if (order->bytes > max_message)
		return -EMSGSIZE;
	if (mutex_lock_interruptible(&queue.lock))
		return -ERESTARTSYS;
	if (chardev_full()) {
		mutex_unlock(&queue.lock);
		return -EAGAIN;
	}
	if (order->keep && order->bytes == queue.draft_bytes)
		ringcross_message_set_seq(queue.draft, order->seq);
	else
		ringcross_message_fill(queue.draft, order->bytes, order->seq);
	queue.draft_bytes = order->bytes;

	start = ringcross_ticks();
	memcpy(chardev_slot(chardev_next()), queue.draft, order->bytes);
	chardev_commit(order->bytes);
	mutex_unlock(&queue.lock);
	wake_up_interruptible(&queue.readable);
	end = ringcross_ticks();

	ringcross_log_add(&sent, order->seq, start, end);
	return 0;
}

static ssize_t produce_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross_order order;
	int error;

	error = ringcross_get_order(from, bytes, &order);
	if (!error)
		error = chardev_produce(&order);
	return error ?: bytes;
}

static ssize_t produce_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	return simple_read_from_buffer(to, bytes, at, RINGCROSS_ORDER_HELP, strlen(RINGCROSS_ORDER_HELP));
}

static const struct file_operations produce_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = produce_read,
	.write = produce_write,
	.llseek = default_llseek,
};

static int chardev_check_parameters(void)
{
	if (!capacity || max_message < RINGCROSS_MESSAGE_MIN || max_message > CHARDEV_MAX_MEMORY ||
	    capacity > CHARDEV_MAX_MEMORY / max_message) {
		pr_err("capacity=%u max_message=%u: want a message of %zu bytes or more, %u bytes in all at most\n",
		       capacity, max_message, RINGCROSS_MESSAGE_MIN, CHARDEV_MAX_MEMORY);
		return -EINVAL;
	}
	if (!stamps || stamps > CHARDEV_MAX_STAMPS) {
		pr_err("stamps=%u: want 1 to %u\n", stamps, CHARDEV_MAX_STAMPS);
		return -EINVAL;
	}
	return 0;
}

/* As debugfs asks of its callers, its results are not checked: without its files the device still works. */
static void chardev_create_files(void)
{
	folder = debugfs_create_dir(CHARDEV_NAME, NULL);
	debugfs_create_file("received", 0600, folder, &received, &ringcross_log_fops);
	debugfs_create_file("sent", 0600, folder, &sent, &ringcross_log_fops);
	debugfs_create_file("produce", 0600, folder, NULL, &produce_fops);
	debugfs_create_u64("overhead", 0400, folder, &overhead);
}

static int __init chardev_init(void)
{
	int error;

	error = chardev_check_parameters();
	if (error)
		return error;
	error = ringcross_window_overhead(&overhead);
	if (error)
		return error;

	mutex_init(&queue.lock);
	init_waitqueue_head(&queue.readable);
	init_waitqueue_head(&queue.writable);

	error = -ENOMEM;
	queue.slots = vzalloc((size_t)capacity * max_message);
	if (!queue.slots)
		return error;
	queue.lengths = vzalloc(array_size(capacity, sizeof(*queue.lengths)));
	if (!queue.lengths)
		goto free_slots;
	queue.draft = vzalloc(max_message);
	if (!queue.draft)
		goto free_lengths;
	error = ringcross_log_init(&received, stamps);
	if (error)
		goto free_draft;
	error = ringcross_log_init(&sent, stamps);
	if (error)
		goto free_received;
	chardev_create_files();
	error = misc_register(&chardev_device);
	if (error)
		goto remove_files;
	return 0;

remove_files:
	debugfs_remove_recursive(folder);
	ringcross_log_free(&sent);
free_received:
	ringcross_log_free(&received);
free_draft:
	vfree(queue.draft);
free_lengths:
	vfree(queue.lengths);
free_slots:
	vfree(queue.slots);
	return error;
}

static void __exit chardev_exit(void)
{
	misc_deregister(&chardev_device);
	debugfs_remove_recursive(folder);
	ringcross_log_free(&sent);
	ringcross_log_free(&received);
	vfree(queue.draft);
	vfree(queue.lengths);
	vfree(queue.slots);
}

module_init(chardev_init);
module_exit(chardev_exit);

MODULE_DESCRIPTION("ringcross: messages across a character device, read and write");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
