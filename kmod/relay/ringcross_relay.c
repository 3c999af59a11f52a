// SPDX-License-Identifier: GPL-2.0
/*
 * A relay channel: kernel/relay.c, Documentation/filesystems/relay.rst.
 *
 * The kernel writes each message into the buffer of the CPU it runs on, and user
 * space reads that CPU's file. A buffer is a ring of sub-buffers; a message never
 * straddles two. With `overwrite` the oldest sub-buffer makes room, without it a
 * full buffer drops what comes: relay_write() returns nothing, so that only
 * `dropped` tells. With `reserve` the message is put into a place that
 * relay_reserve() gives, or does not: the sender then knows.
 *
 * Relay wakes pollers when a sub-buffer is complete, no earlier; with `flush` each
 * message completes its own.
 *
 * What is ours is named relayed_: relay_ is the kernel's.
 *
 * Files in ringcross-relay-channel/ of debugfs, for each CPU that is online at load:
 *	cpuN			relay's file, to read and poll
 *	control/mapN		the same buffer to map: debugfs of many kernels passes mmap(2) on only
 *				for a file that was created without its protection against removal
 *	control/producedN	two u64: how many sub-buffers are complete, bytes in the one after them
 *	control/consumedN	how many were consumed; writing a number adds that many
 * and for all of them:
 *	control/channel		writing `reset` empties the channel; `empty` sends no bytes, as no message
 *				does: that one has a number
 *	control/dropped		how often a full buffer had no sub-buffer for a message, or for a `flush`
 *
 * Stamps:
 *	sent	relay_write(), or relay_reserve() and the copy; with `flush` the switch of
 *		sub-buffers too
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/relay.h>

#include "ringcross-compat.h"
#include "ringcross.h"

#define RELAY_MAX_MEMORY (64u << 20)

static unsigned int subbuf_size = 1u << 20;
module_param(subbuf_size, uint, 0444);
MODULE_PARM_DESC(subbuf_size, "bytes of a sub-buffer, which the largest message fills (default 1048576)");

static unsigned int n_subbufs = 4;
module_param(n_subbufs, uint, 0444);
MODULE_PARM_DESC(n_subbufs, "sub-buffers of each CPU's buffer (default 4)");

static unsigned int max_message = 65536;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message that is given to relay_write() (default 65536)");

static bool overwrite;
module_param(overwrite, bool, 0644);
MODULE_PARM_DESC(overwrite, "a full buffer loses its oldest sub-buffer instead of new messages (default N)");

static bool flush;
module_param(flush, bool, 0644);
MODULE_PARM_DESC(flush, "each message completes its sub-buffer, so that pollers are woken (default N)");

static bool reserve;
module_param(reserve, bool, 0644);
MODULE_PARM_DESC(reserve, "messages are sent by relay_reserve() instead of relay_write() (default N)");

static int relayed_produce(struct ringcross *rc, const void *message, unsigned int bytes);

static const struct ringcross_ops relayed_ops = { .produce = relayed_produce };

static struct ringcross rc = { .name = "relay", .ops = &relayed_ops };

static struct rchan *channel;
static struct dentry *folder;
static struct dentry *control;
static atomic_t dropped;

/*
 * One who reports what he has consumed at a time: relay does not guard its count. A read(2) of cpuN moves
 * it too, so a buffer is read or mapped, not both at once.
 */
static DEFINE_MUTEX(consumed_lock);

/* How far the writer of one buffer has come. */
struct relayed_progress {
	u64 subbufs;
	u64 offset;
};

/*
 * Called for the CPU's own buffer with interrupts off, and for any when the channel is opened or reset;
 * 0 drops what was to be written.
 */
static RINGCROSS_SUBBUF_START(relayed_subbuf_start)
{
	if (READ_ONCE(overwrite) || !relay_buf_full(buf))
		return 1;
	atomic_inc(&dropped);
	return 0;
}

static struct dentry *relayed_create_buf_file(const char *name, struct dentry *parent, umode_t mode,
					      struct rchan_buf *buf, int *is_global)
{
	return debugfs_create_file(name, mode, parent, buf, &relay_file_operations);
}

/*
 * Nobody who waits in poll(2) would hear that the file is gone: relay_close() wakes no one, nor does
 * debugfs. The buffer is there until the last one who has the file open has closed it.
 */
static int relayed_remove_buf_file(struct dentry *dentry)
{
	struct rchan_buf *buf = d_inode(dentry)->i_private;

	debugfs_remove(dentry);
	wake_up_interruptible_all(&buf->read_wait);
	return 0;
}

static RINGCROSS_RELAY_CALLBACKS relayed_callbacks = {
	.subbuf_start = relayed_subbuf_start,
	.create_buf_file = relayed_create_buf_file,
	.remove_buf_file = relayed_remove_buf_file,
};

/* relay_flush() would do so for the buffers of all CPUs, and fill them with empty sub-buffers. */
static void relayed_flush(void)
{
	unsigned long flags;

	local_irq_save(flags);
	relay_switch_subbuf(*this_cpu_ptr(channel->buf), 0);
	local_irq_restore(flags);
}

/* Interrupts are off, as in relay_write(): relay_reserve() itself keeps nobody out of the buffer. */
static int relayed_reserve(const void *message, unsigned int bytes)
{
	unsigned long flags;
	void *place;

	local_irq_save(flags);
	place = relay_reserve(channel, bytes);
	if (place)
		memcpy(place, message, bytes);
	local_irq_restore(flags);
	return place ? 0 : -ENOBUFS;
}

static int relayed_write(const void *message, unsigned int bytes)
{
	relay_write(channel, message, bytes);
	return 0;
}

/* Inlined, so that the window holds `send` itself and no indirect call of it. */
static __always_inline int relayed_timed(struct ringcross *rc, const void *message, unsigned int bytes,
					 int (*send)(const void *message, unsigned int bytes))
{
	const bool complete = READ_ONCE(flush);
	u64 start;
	u64 end;
	int error;

	/* A flush belongs to the message before it, so both are of one CPU. */
	preempt_disable();
	start = ringcross_ticks();
	error = send(message, bytes);
	if (complete)
		relayed_flush();
	end = ringcross_ticks();
	preempt_enable();

	if (!error)
		ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return error;
}

static int relayed_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	if (READ_ONCE(reserve))
		return relayed_timed(rc, message, bytes, relayed_reserve);
	return relayed_timed(rc, message, bytes, relayed_write);
}

/* On the CPU of the buffer, which no relay_write() is inside of: it keeps interrupts off. */
static void relayed_look(void *data)
{
	const struct rchan_buf *buf = *this_cpu_ptr(channel->buf);
	struct relayed_progress *progress = data;

	progress->subbufs = buf->subbufs_produced;
	/* Past its end where relay found no next one to begin. */
	progress->offset = buf->offset > channel->subbuf_size ? 0 : buf->offset;
}

static ssize_t relayed_produced_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	const struct rchan_buf *buf = file->private_data;
	struct relayed_progress progress;
	int error;

	/* -ENXIO for a CPU that has gone offline. */
	error = smp_call_function_single(buf->cpu, relayed_look, &progress, true);
	if (error)
		return error;
	return simple_read_from_buffer(to, bytes, at, &progress, sizeof(progress));
}

static const struct file_operations relayed_produced_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = relayed_produced_read,
	.llseek = default_llseek,
};

static ssize_t relayed_consumed_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	const struct rchan_buf *buf = file->private_data;
	char text[24];
	int length;

	length = scnprintf(text, sizeof(text), "%zu\n", READ_ONCE(buf->subbufs_consumed));
	return simple_read_from_buffer(to, bytes, at, text, length);
}

static ssize_t relayed_consumed_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	const struct rchan_buf *buf = file->private_data;
	char words[RINGCROSS_WORDS];
	size_t more;
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	if (kstrtoul(words, 10, &more) || !more || more > n_subbufs)
		return -EINVAL;
	if (mutex_lock_interruptible(&consumed_lock))
		return -ERESTARTSYS;
	/* More than there are would do as well for relay, which takes it for all. */
	if (more > READ_ONCE(buf->subbufs_produced) - READ_ONCE(buf->subbufs_consumed))
		error = -EINVAL;
	else
		relay_subbufs_consumed(channel, buf->cpu, more);
	mutex_unlock(&consumed_lock);
	return error ?: bytes;
}

static const struct file_operations relayed_consumed_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = relayed_consumed_read,
	.write = relayed_consumed_write,
	.llseek = default_llseek,
};

/* Nobody may write meanwhile, says relay_reset(), and all our writes hold the produce_lock. */
static int relayed_reset(void)
{
	mutex_lock(&consumed_lock);
	relay_reset(channel);
	atomic_set(&dropped, 0);
	mutex_unlock(&consumed_lock);
	return 0;
}

static int relayed_empty(void)
{
	return READ_ONCE(reserve) ? relayed_reserve(rc.draft, 0) : relayed_write(rc.draft, 0);
}

static ssize_t relayed_channel_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	char words[RINGCROSS_WORDS];
	int (*act)(void);
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	if (!strcmp(words, "reset"))
		act = relayed_reset;
	else if (!strcmp(words, "empty"))
		act = relayed_empty;
	else
		return -EINVAL;
	if (mutex_lock_interruptible(&rc.produce_lock))
		return -ERESTARTSYS;
	error = act();
	mutex_unlock(&rc.produce_lock);
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(relayed_channel, "reset\nempty\n");

static int relayed_map_open(struct inode *inode, struct file *file)
{
	return relay_file_operations.open(inode, file);
}

RINGCROSS_RELAY_MAP(relayed_map_mmap)

static int relayed_map_release(struct inode *inode, struct file *file)
{
	return relay_file_operations.release(inode, file);
}

/* Needs no protection against removal: the owner stays while it is open, and the file holds its buffer. */
static const struct file_operations relayed_map_fops = {
	.owner = THIS_MODULE,
	.open = relayed_map_open,
	.RINGCROSS_RELAY_MAP_OP = relayed_map_mmap,
	.release = relayed_map_release,
};

static void relayed_create_control(void)
{
	char name[24];
	unsigned int cpu;

	control = debugfs_create_dir("control", folder);
	debugfs_create_file("channel", 0600, control, NULL, &relayed_channel_fops);
	debugfs_create_atomic_t("dropped", 0400, control, &dropped);
	for_each_possible_cpu(cpu) {
		struct rchan_buf *buf = *per_cpu_ptr(channel->buf, cpu);

		if (!buf)
			continue;
		scnprintf(name, sizeof(name), "map%u", cpu);
		debugfs_create_file_unsafe(name, 0400, control, buf, &relayed_map_fops);
		scnprintf(name, sizeof(name), "produced%u", cpu);
		debugfs_create_file(name, 0400, control, buf, &relayed_produced_fops);
		scnprintf(name, sizeof(name), "consumed%u", cpu);
		debugfs_create_file(name, 0600, control, buf, &relayed_consumed_fops);
	}
}

static int relayed_check_parameters(void)
{
	if (subbuf_size < RINGCROSS_MESSAGE_MIN || subbuf_size > RELAY_MAX_MEMORY || !n_subbufs ||
	    n_subbufs > RELAY_MAX_MEMORY / subbuf_size) {
		pr_err("subbuf_size=%u n_subbufs=%u: want a sub-buffer of %zu bytes or more, %u bytes in all at most\n",
		       subbuf_size, n_subbufs, RINGCROSS_MESSAGE_MIN, RELAY_MAX_MEMORY);
		return -EINVAL;
	}
	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > RELAY_MAX_MEMORY) {
		pr_err("max_message=%u: want %zu to %u\n", max_message, RINGCROSS_MESSAGE_MIN,
		       RELAY_MAX_MEMORY);
		return -EINVAL;
	}
	return 0;
}

static int __init relayed_init(void)
{
	int error;

	error = relayed_check_parameters();
	if (error)
		return error;
	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	folder = debugfs_create_dir("ringcross-relay-channel", NULL);
	/* It has no other reason to give: the sizes were checked. */
	error = -ENOMEM;
	channel = relay_open("cpu", folder, subbuf_size, n_subbufs, &relayed_callbacks, NULL);
	if (!channel)
		goto remove_folder;
	relayed_create_control();
	ringcross_start(&rc);
	return 0;

remove_folder:
	debugfs_remove_recursive(folder);
	ringcross_free(&rc);
	return error;
}

static void __exit relayed_exit(void)
{
	ringcross_stop(&rc);
	debugfs_remove_recursive(control);
	relay_close(channel);
	debugfs_remove_recursive(folder);
	ringcross_free(&rc);
}

module_init(relayed_init);
module_exit(relayed_exit);

MODULE_DESCRIPTION("ringcross: messages through a relay channel");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
