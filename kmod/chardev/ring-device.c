// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ringcross-chardev-ring: mmap(2) of two rings, poll(2), and an ioctl(2) by which
 * user space rings a doorbell. One user at a time, since each ring has one producer
 * and one consumer: a second open is EBUSY.
 */
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "ring-device.h"
#include "ringcross-compat.h"

static struct {
	/* Bit 0: somebody has it open. */
	unsigned long opened;
	wait_queue_head_t wait;
	/* Keep the kernel's side of each ring to one task. */
	struct mutex to_user_lock;
	struct mutex to_kernel_lock;
	struct ring to_user;
	struct ring to_kernel;
} device;

int ring_device_put(const void *message, u32 bytes)
{
	int error;

	if (mutex_lock_interruptible(&device.to_user_lock))
		return -ERESTARTSYS;
	error = ring_put(&device.to_user, message, bytes);
	mutex_unlock(&device.to_user_lock);
	return error;
}

int ring_device_take(void *message, u32 room)
{
	int got;

	if (mutex_lock_interruptible(&device.to_kernel_lock))
		return -ERESTARTSYS;
	got = ring_take(&device.to_kernel, message, room);
	mutex_unlock(&device.to_kernel_lock);
	return got;
}

void ring_device_wake(void)
{
	wake_up_interruptible(&device.wait);
}

static int ring_device_open(struct inode *inode, struct file *file)
{
	if (test_and_set_bit_lock(0, &device.opened))
		return -EBUSY;
	return stream_open(inode, file);
}

/* Comes when the file is closed and unmapped everywhere: the next one finds nothing of the last one. */
static int ring_device_release(struct inode *inode, struct file *file)
{
	mutex_lock(&device.to_user_lock);
	ring_reset(&device.to_user);
	mutex_unlock(&device.to_user_lock);
	mutex_lock(&device.to_kernel_lock);
	ring_reset(&device.to_kernel);
	mutex_unlock(&device.to_kernel_lock);
	clear_bit_unlock(0, &device.opened);
	return 0;
}

static int ring_device_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* A private mapping would show its own copy of whatever is written to it. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* A child would be a second user of both rings. */
	vm_flags_set(vma, VM_DONTCOPY);

	/* remap_vmalloc_range() refuses what is larger than the memory behind it. */
	switch (vma->vm_pgoff) {
	case RINGCROSS_RING_TO_USER_HEADER >> PAGE_SHIFT:
		return ring_map_header(&device.to_user, vma);
	case RINGCROSS_RING_TO_KERNEL_HEADER >> PAGE_SHIFT:
		return ring_map_header(&device.to_kernel, vma);
	case RINGCROSS_RING_TO_USER_SLOTS >> PAGE_SHIFT:
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		/* Nor later, by mprotect(2). */
		vm_flags_clear(vma, VM_MAYWRITE);
		return ring_map_slots(&device.to_user, vma);
	case RINGCROSS_RING_TO_KERNEL_SLOTS >> PAGE_SHIFT:
		return ring_map_slots(&device.to_kernel, vma);
	default:
		return -EINVAL;
	}
}

/*
 * Without the lock, the indices that ring_unread() and ring_pending() compare may be of two moments, before
 * and after a message. So an error counts only if it is there under the lock, too. Inlined, to have no
 * indirect call.
 */
static __always_inline int ring_device_count(const struct ring *ring, struct mutex *lock,
					     int (*count)(const struct ring *ring))
{
	int messages = count(ring);

	if (messages < 0) {
		mutex_lock(lock);
		messages = count(ring);
		mutex_unlock(lock);
	}
	return messages;
}

static __poll_t ring_device_poll(struct file *file, poll_table *wait)
{
	__poll_t events = 0;
	int to_user;
	int to_kernel;

	poll_wait(file, &device.wait, wait);
	to_user = ring_device_count(&device.to_user, &device.to_user_lock, ring_unread);
	to_kernel = ring_device_count(&device.to_kernel, &device.to_kernel_lock, ring_pending);
	if (to_user < 0 || to_kernel < 0)
		events |= EPOLLERR;
	if (to_user > 0)
		events |= EPOLLIN | EPOLLRDNORM;
	if (to_kernel >= 0 && to_kernel < device.to_kernel.shape.slots)
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

/* How many messages came, or the error that kept the first one from coming. */
static long ring_device_doorbell(void)
{
	long taken;
	int got;

	/* No more than the ring holds: user space could refill it as fast as it is emptied. */
	for (taken = 0; taken < device.to_kernel.shape.slots; taken++) {
		got = ring_device_rung();
		if (got < 0)
			return taken || got == -EAGAIN ? taken : got;
	}
	return taken;
}

static long ring_device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return command == RINGCROSS_RING_DOORBELL ? ring_device_doorbell() : -ENOTTY;
}

static const struct file_operations ring_device_fops = {
	.owner = THIS_MODULE,
	.open = ring_device_open,
	.release = ring_device_release,
	.mmap = ring_device_mmap,
	.poll = ring_device_poll,
	.unlocked_ioctl = ring_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice ring_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringcross-chardev-ring",
	.fops = &ring_device_fops,
	.mode = 0600,
};

int ring_device_init(const struct ring_shape *shape)
{
	int error;

	init_waitqueue_head(&device.wait);
	mutex_init(&device.to_user_lock);
	mutex_init(&device.to_kernel_lock);
	error = ring_init(&device.to_user, shape);
	if (error)
		return error;
	error = ring_init(&device.to_kernel, shape);
	if (error)
		goto free_to_user;
	error = misc_register(&ring_device);
	if (error)
		goto free_to_kernel;
	return 0;

free_to_kernel:
	ring_free(&device.to_kernel);
free_to_user:
	ring_free(&device.to_user);
	return error;
}

void ring_device_exit(void)
{
	misc_deregister(&ring_device);
	ring_free(&device.to_kernel);
	ring_free(&device.to_user);
}
