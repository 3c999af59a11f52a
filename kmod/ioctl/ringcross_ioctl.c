// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ringcross-ioctl: messages as arguments of ioctl(2), ioctl-commands.h.
 *
 * A message from user space is received by the handler of its command. One to user
 * space is put in place by the trigger `produce`, one at a time: the next is EAGAIN
 * until a command has fetched it. A command that finds none waits, or is EAGAIN with
 * O_NONBLOCK; there is no poll. When the last opener closes the device, what nobody
 * fetched is dropped.
 *
 * While the file `hold` of debugfs is open, the handlers wait before they receive, or
 * are EAGAIN with O_NONBLOCK.
 *
 * Stamps:
 *   received  from entry of the handler until it has the message: to the end of
 *             copy_from_user, but for the command whose argument is the message
 *   sent      from entry of the handler to the end of copy_to_user. Of a message that
 *             a command was waiting for, it is the trigger that sends: from the copy of
 *             the message into its place to the end of the wake-up
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "ioctl-commands.h"
#include "ringcross-hold.h"
#include "ringcross.h"

#define IOCTL_MAX_MEMORY (64u << 20)

static unsigned int max_message = 65536;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 65536)");

static struct {
	/* One message at a time. */
	struct mutex lock;
	void *message;
} inbox;

static struct ringcross_hold hold = RINGCROSS_HOLD_INIT(hold);

static struct {
	/* Guards all but the wait queue. */
	struct mutex lock;
	wait_queue_head_t readable;
	void *message;
	/* 0: there is none. Read without the lock by those who wait for one. */
	unsigned int bytes;
	/* When it was put in place, a command was waiting for it. */
	bool awaited;
	unsigned int waiting;
	unsigned int openers;
} outbox;

static int ioctl_produce(struct ringcross *rc, const void *message, unsigned int bytes);

static const struct ringcross_ops ioctl_ops = { .produce = ioctl_produce };

static struct ringcross rc = { .name = "ioctl", .ops = &ioctl_ops };

static int ioctl_open(struct inode *inode, struct file *file)
{
	mutex_lock(&outbox.lock);
	outbox.openers++;
	mutex_unlock(&outbox.lock);
	return nonseekable_open(inode, file);
}

static int ioctl_release(struct inode *inode, struct file *file)
{
	mutex_lock(&outbox.lock);
	if (!--outbox.openers)
		WRITE_ONCE(outbox.bytes, 0);
	mutex_unlock(&outbox.lock);
	return 0;
}

/* Takes the lock of the inbox when nobody holds the handlers back. */
static int ioctl_lock_inbox(struct file *file)
{
	const int error = ringcross_hold_wait_file(&hold, file);

	if (error)
		return error;
	return mutex_lock_interruptible(&inbox.lock) ? -ERESTARTSYS : 0;
}

static long ioctl_receive_argument(struct file *file, u64 message, u64 start)
{
	int error;
	u64 end;

	error = ioctl_lock_inbox(file);
	if (error)
		return error;
	memcpy(inbox.message, &message, sizeof(message));
	end = ringcross_ticks();
	ringcross_received(&rc, inbox.message, sizeof(message), start, end);
	mutex_unlock(&inbox.lock);
	return 0;
}

/* Under the lock of the inbox. */
static int ioctl_copy_in(const void __user *from, size_t bytes, u64 start)
{
	u64 end;

	if (copy_from_user(inbox.message, from, bytes))
		return -EFAULT;
	end = ringcross_ticks();
	ringcross_received(&rc, inbox.message, bytes, start, end);
	return 0;
}

static long ioctl_receive(struct file *file, const void __user *from, u64 bytes, u64 start)
{
	int error;

	error = ringcross_check_size(&rc, bytes);
	if (!error)
		error = ioctl_lock_inbox(file);
	if (error)
		return error;
	error = ioctl_copy_in(from, bytes, start);
	mutex_unlock(&inbox.lock);
	return error;
}

/* A message whose answer finds no place has been received all the same. */
static long ioctl_receive_and_answer(struct file *file, void __user *argument, size_t bytes, u64 start)
{
	int error;

	error = ioctl_lock_inbox(file);
	if (error)
		return error;
	error = ioctl_copy_in(argument, bytes, start);
	if (error)
		goto unlock;
	ringcross_message_set_seq(inbox.message, ~ringcross_message_seq(inbox.message));
	if (copy_to_user(argument, inbox.message, bytes))
		error = -EFAULT;
unlock:
	mutex_unlock(&inbox.lock);
	return error;
}

/* Takes the lock of the outbox when there is a message. */
static int ioctl_lock_outbox(struct file *file)
{
	int error;

	if (mutex_lock_interruptible(&outbox.lock))
		return -ERESTARTSYS;
	while (!outbox.bytes) {
		error = -EAGAIN;
		if (file->f_flags & O_NONBLOCK)
			goto unlock;
		outbox.waiting++;
		mutex_unlock(&outbox.lock);
		error = wait_event_interruptible(outbox.readable, READ_ONCE(outbox.bytes));
		/* Not interruptible, since the count must go down again. */
		mutex_lock(&outbox.lock);
		outbox.waiting--;
		if (error)
			goto unlock;
	}
	return 0;

unlock:
	mutex_unlock(&outbox.lock);
	return error;
}

/* Its size; a message is fetched whole or stays. */
static long ioctl_send(struct file *file, void __user *to, u64 room, u64 start)
{
	long result;
	u64 end;

	result = ioctl_lock_outbox(file);
	if (result)
		return result;
	if (room < outbox.bytes) {
		result = -EMSGSIZE;
	} else if (copy_to_user(to, outbox.message, outbox.bytes)) {
		result = -EFAULT;
	} else {
		end = ringcross_ticks();
		if (!outbox.awaited)
			ringcross_sent(&rc, ringcross_message_seq(outbox.message), start, end);
		result = outbox.bytes;
		WRITE_ONCE(outbox.bytes, 0);
	}
	mutex_unlock(&outbox.lock);
	return result;
}

static long ioctl_indirect(struct file *file, unsigned int command, const void __user *argument, u64 start)
{
	struct ringcross_ioctl_descriptor descriptor;
	void __user *message;

	if (copy_from_user(&descriptor, argument, sizeof(descriptor)))
		return -EFAULT;
	message = u64_to_user_ptr(descriptor.address);
	if (command == RINGCROSS_IOCTL_WRITE_INDIRECT)
		return ioctl_receive(file, message, descriptor.bytes, start);
	return ioctl_send(file, message, descriptor.bytes, start);
}

static long ioctl_write_native(struct file *file, const void __user *argument, u64 start)
{
	struct ringcross_ioctl_native_descriptor descriptor;

	if (copy_from_user(&descriptor, argument, sizeof(descriptor)))
		return -EFAULT;
	return ioctl_receive(file, (void __user *)(unsigned long)descriptor.address, descriptor.bytes, start);
}

/* Commands whose number tells the size of the message: one that no message has is not a number of ours. */
static long ioctl_sized(struct file *file, unsigned int command, void __user *argument, u64 start)
{
	const size_t bytes = _IOC_SIZE(command);

	if (ringcross_check_size(&rc, bytes))
		return -ENOTTY;
	switch (command & ~IOCSIZE_MASK) {
	case RINGCROSS_IOCTL_WRITE(0):
		return ioctl_receive(file, argument, bytes, start);
	case RINGCROSS_IOCTL_READ(0):
		return ioctl_send(file, argument, bytes, start);
	case RINGCROSS_IOCTL_BOTH(0):
		return ioctl_receive_and_answer(file, argument, bytes, start);
	default:
		return -ENOTTY;
	}
}

static long ioctl_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *pointer = (void __user *)argument;
	const u64 start = ringcross_ticks();

	switch (command) {
	case RINGCROSS_IOCTL_NONE:
		return ioctl_receive_argument(file, argument, start);
	case RINGCROSS_IOCTL_WRITE_INDIRECT:
	case RINGCROSS_IOCTL_READ_INDIRECT:
		return ioctl_indirect(file, command, pointer, start);
	case RINGCROSS_IOCTL_WRITE_NATIVE:
		return ioctl_write_native(file, pointer, start);
	default:
		return ioctl_sized(file, command, pointer, start);
	}
}

static const struct file_operations ioctl_fops = {
	.owner = THIS_MODULE,
	.open = ioctl_open,
	.release = ioctl_release,
	.unlocked_ioctl = ioctl_ioctl,
	/* Nothing but the pointer differs in what a 32-bit program passes: the structures are the same. */
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice ioctl_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringcross-ioctl",
	.fops = &ioctl_fops,
	.mode = 0600,
};

static int ioctl_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	bool awaited;
	u64 start;
	u64 end;

	if (mutex_lock_interruptible(&outbox.lock))
		return -ERESTARTSYS;
	if (outbox.bytes) {
		mutex_unlock(&outbox.lock);
		return -EAGAIN;
	}
	start = ringcross_ticks();
	memcpy(outbox.message, message, bytes);
	awaited = outbox.waiting;
	outbox.awaited = awaited;
	WRITE_ONCE(outbox.bytes, bytes);
	mutex_unlock(&outbox.lock);
	wake_up_interruptible(&outbox.readable);
	end = ringcross_ticks();

	if (awaited)
		ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return 0;
}

static int __init ioctl_init(void)
{
	int error;

	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > IOCTL_MAX_MEMORY) {
		pr_err("max_message=%u: want %zu to %u bytes\n", max_message, RINGCROSS_MESSAGE_MIN,
		       IOCTL_MAX_MEMORY);
		return -EINVAL;
	}
	mutex_init(&inbox.lock);
	mutex_init(&outbox.lock);
	init_waitqueue_head(&outbox.readable);

	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	error = -ENOMEM;
	inbox.message = vzalloc(max_message);
	if (!inbox.message)
		goto free;
	outbox.message = vzalloc(max_message);
	if (!outbox.message)
		goto free_inbox;
	error = misc_register(&ioctl_device);
	if (error)
		goto free_outbox;
	ringcross_start(&rc);
	ringcross_hold_start(&hold, rc.folder);
	return 0;

free_outbox:
	vfree(outbox.message);
free_inbox:
	vfree(inbox.message);
free:
	ringcross_free(&rc);
	return error;
}

static void __exit ioctl_exit(void)
{
	ringcross_stop(&rc);
	misc_deregister(&ioctl_device);
	vfree(outbox.message);
	vfree(inbox.message);
	ringcross_free(&rc);
}

module_init(ioctl_init);
module_exit(ioctl_exit);

MODULE_DESCRIPTION("ringcross: messages as arguments of ioctl");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
