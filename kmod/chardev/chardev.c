// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ringcross-chardev: a bounded queue of messages behind read(2) and write(2).
 *
 * A write adds one message, a read takes the oldest one, whole. A full queue
 * blocks a writer and an empty one a reader, or answers EAGAIN with O_NONBLOCK;
 * poll(2) tells both. When the last opener closes the device, what nobody read
 * is dropped.
 *
 * /dev/ringcross-chardev-ring: messages in memory that both sides share, see
 * ring-layout.h and ring-device.c. It has stamps and triggers of its own, in the
 * folder ringcross-chardev-ring of debugfs.
 *
 * The triggers `produce` make the kernel add a message itself; they never wait for
 * room: no room is EAGAIN. `consume` makes it take one from the ring, as the ring's
 * doorbell does with all there are. While the file `hold` of debugfs is open in the
 * ring's folder, the doorbell waits before it takes a message.
 *
 * Stamps of the queue:
 *   received  from entry of write to the end of copy_from_user
 *   sent      from the copy of a finished message into the queue to the end of
 *             the wake-up of its readers
 * and of the rings:
 *   received  from before the ring is locked to after the copy out of shared memory
 *   sent      from before the ring is locked to the end of the wake-up of its readers
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "ring-device.h"
#include "ringcross-hold.h"
#include "ringcross.h"

#define CHARDEV_NAME "ringcross-chardev"
#define CHARDEV_MAX_MEMORY (64u << 20)

static unsigned int capacity = 16;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "messages that the queue holds (default 16)");

static unsigned int max_message = 65536;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 65536)");

static unsigned int ring_slots = 16;
module_param(ring_slots, uint, 0444);
MODULE_PARM_DESC(ring_slots, "messages that each ring holds, a power of two (default 16)");

static unsigned int ring_first;
module_param(ring_first, uint, 0444);
MODULE_PARM_DESC(ring_first, "index at which both rings start, to see it turn over (default 0)");

static struct {
	/* Guards all but the wait queues. */
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
} queue;

static int chardev_produce(struct ringcross *rc, const void *message, unsigned int bytes);

static const struct ringcross_ops chardev_ops = { .produce = chardev_produce };

static struct ringcross rc = { .name = "chardev", .ops = &chardev_ops };

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

	error = ringcross_check_size(&rc, bytes);
	if (error)
		return error;
	error = chardev_lock_unless(chardev_full, &queue.writable, file);
	if (error)
		return error;

	slot = chardev_slot(chardev_next());
	if (copy_from_user(slot, from, bytes)) {
		mutex_unlock(&queue.lock);
		return -EFAULT;
	}
	end = ringcross_ticks();
	ringcross_received(&rc, slot, bytes, start, end);
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

static int chardev_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	u64 start;
	u64 end;

	if (mutex_lock_interruptible(&queue.lock))
		return -ERESTARTSYS;
	if (chardev_full()) {
		mutex_unlock(&queue.lock);
		return -EAGAIN;
	}
	start = ringcross_ticks();
	memcpy(chardev_slot(chardev_next()), message, bytes);
	chardev_commit(bytes);
	mutex_unlock(&queue.lock);
	wake_up_interruptible(&queue.readable);
	end = ringcross_ticks();

	ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return 0;
}

static int chardev_ring_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	const u64 start = ringcross_ticks();
	int error;
	u64 end;

	error = ring_device_put(message, bytes);
	if (error)
		return error;
	ring_device_wake();
	end = ringcross_ticks();
	ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return 0;
}

static int chardev_ring_consume(struct ringcross *rc, void *message, unsigned int bytes)
{
	const u64 start = ringcross_ticks();
	int got;
	u64 end;

	got = ring_device_take(message, bytes);
	if (got < 0)
		return got;
	end = ringcross_ticks();
	ringcross_received(rc, message, got, start, end);
	ring_device_wake();
	return got;
}

static const struct ringcross_ops chardev_ring_ops = {
	.produce = chardev_ring_produce,
	.consume = chardev_ring_consume,
};

static struct ringcross ring_rc = { .name = "chardev-ring", .ops = &chardev_ring_ops };

/* Where a doorbell's messages land. */
static DEFINE_MUTEX(rung_lock);
static void *rung;

static struct ringcross_hold ring_hold = RINGCROSS_HOLD_INIT(ring_hold);

int ring_device_rung(void)
{
	int got;

	if (ringcross_hold_wait(&ring_hold))
		return -ERESTARTSYS;
	if (mutex_lock_interruptible(&rung_lock))
		return -ERESTARTSYS;
	got = chardev_ring_consume(&ring_rc, rung, max_message);
	mutex_unlock(&rung_lock);
	return got;
}

static int chardev_check_parameters(void)
{
	const struct ring_shape shape = { .slots = ring_slots, .max_message = max_message };

	if (!capacity || max_message < RINGCROSS_MESSAGE_MIN || max_message > CHARDEV_MAX_MEMORY ||
	    capacity > CHARDEV_MAX_MEMORY / max_message) {
		pr_err("capacity=%u max_message=%u: want a message of %zu bytes or more, %u bytes in all at most\n",
		       capacity, max_message, RINGCROSS_MESSAGE_MIN, CHARDEV_MAX_MEMORY);
		return -EINVAL;
	}
	if (!is_power_of_2(ring_slots) || ring_slots > CHARDEV_MAX_MEMORY / max_message ||
	    ring_slots_bytes(&shape) > CHARDEV_MAX_MEMORY) {
		pr_err("ring_slots=%u max_message=%u: want a power of two, %u bytes in all at most\n",
		       ring_slots, max_message, CHARDEV_MAX_MEMORY);
		return -EINVAL;
	}
	return 0;
}

static int __init chardev_init(void)
{
	struct ring_shape shape;
	int error;

	error = chardev_check_parameters();
	if (error)
		return error;
	mutex_init(&queue.lock);
	init_waitqueue_head(&queue.readable);
	init_waitqueue_head(&queue.writable);

	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	ring_rc.max_message = max_message;
	error = ringcross_init(&ring_rc);
	if (error)
		goto free;
	error = -ENOMEM;
	queue.slots = vzalloc((size_t)capacity * max_message);
	if (!queue.slots)
		goto free_ring;
	queue.lengths = vzalloc(array_size(capacity, sizeof(*queue.lengths)));
	if (!queue.lengths)
		goto free_slots;
	rung = vzalloc(max_message);
	if (!rung)
		goto free_lengths;
	shape = (struct ring_shape){ .slots = ring_slots, .max_message = max_message, .first = ring_first };
	error = ring_device_init(&shape);
	if (error)
		goto free_rung;
	error = misc_register(&chardev_device);
	if (error)
		goto exit_ring_device;
	ringcross_start(&rc);
	ringcross_start(&ring_rc);
	ringcross_hold_start(&ring_hold, ring_rc.folder);
	return 0;

exit_ring_device:
	ring_device_exit();
free_rung:
	vfree(rung);
free_lengths:
	vfree(queue.lengths);
free_slots:
	vfree(queue.slots);
free_ring:
	ringcross_free(&ring_rc);
free:
	ringcross_free(&rc);
	return error;
}

static void __exit chardev_exit(void)
{
	ringcross_stop(&ring_rc);
	ringcross_stop(&rc);
	misc_deregister(&chardev_device);
	ring_device_exit();
	vfree(rung);
	vfree(queue.lengths);
	vfree(queue.slots);
	ringcross_free(&ring_rc);
	ringcross_free(&rc);
}

module_init(chardev_init);
module_exit(chardev_exit);

MODULE_DESCRIPTION("ringcross: messages across a character device, by read and write and by shared memory");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
