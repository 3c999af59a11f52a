// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel at one end of a pipe or FIFO, through kernel_write() and kernel_read().
 *
 * A process hands over an end that it has open, by its descriptor: the pipe stays
 * the user's, and so does the choice of its name, its capacity and O_NONBLOCK. The
 * module keeps the open file, not the descriptor: it stays open when the user
 * closes his own.
 *
 * Both calls may sleep, for the pipe's mutex, for memory, for room or for data. So
 * the kernel's side is always a task, whoever pulls the trigger or the worker
 * thread, never an interrupt.
 *
 * More files in debugfs:
 *	attach		"read FD" and "write FD" hand over an end, "detach" gives both back
 *	empty		"read" and "write" make one call that has nothing to move, as no message does:
 *			that one has a number
 *	written, taken	bytes that kernel_write() and kernel_read() have moved
 *
 * Stamps:
 *	sent		the calls of kernel_write() for one message, one unless a signal,
 *			or O_NONBLOCK and a lack of room, cuts it short
 *	received	the calls of kernel_read() for one message, with the wait for it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>

#include "ringcross.h"

#define PIPEFS_MAX_MEMORY (64u << 20)

static unsigned int max_message = 1u << 20;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 1048576)");

/* The ends that were handed over. */
static struct {
	/* Guards both, but not for the length of a call on them: that one holds a reference of its own. */
	struct mutex lock;
	struct file *reader;
	struct file *writer;
} ends;

/* Each written by one task at a time: ringcross.h carries out one order of a kind at once. */
static u64 written;
static u64 taken;

static int pipefs_produce(struct ringcross *rc, const void *message, unsigned int bytes);
static int pipefs_consume(struct ringcross *rc, void *message, unsigned int bytes);

static const struct ringcross_ops pipefs_ops = { .produce = pipefs_produce, .consume = pipefs_consume };

static struct ringcross rc = { .name = "pipefs", .ops = &pipefs_ops };

/* The file of one end with a reference for the caller, or NULL where none is attached. */
static struct file *pipefs_get(struct file **end)
{
	struct file *file;

	mutex_lock(&ends.lock);
	file = *end;
	if (file)
		get_file(file);
	mutex_unlock(&ends.lock);
	return file;
}

/* What a call returns that was cut short: a restart would move the part that is through a second time. */
static ssize_t pipefs_interrupted(ssize_t error, size_t moved)
{
	return moved && error == -ERESTARTSYS ? -EINTR : error;
}

static ssize_t pipefs_write(struct file *file, const void *message, size_t bytes)
{
	size_t moved = 0;

	/* A pipe has no position. */
	while (moved < bytes) {
		const ssize_t done = kernel_write(file, message + moved, bytes - moved, NULL);

		if (done < 0)
			return pipefs_interrupted(done, moved);
		moved += done;
		WRITE_ONCE(written, written + done);
	}
	return moved;
}

/* Less than asked for where the last writer is gone or, with O_NONBLOCK, where no more is there. */
static ssize_t pipefs_read(struct file *file, void *message, size_t bytes)
{
	size_t moved = 0;

	while (moved < bytes) {
		const ssize_t done = kernel_read(file, message + moved, bytes - moved, NULL);

		if (done == -EAGAIN && moved)
			break;
		if (done < 0)
			return pipefs_interrupted(done, moved);
		if (!done)
			break;
		moved += done;
		WRITE_ONCE(taken, taken + done);
	}
	return moved;
}

static int pipefs_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	struct file *file = pipefs_get(&ends.writer);
	ssize_t done;
	u64 start;
	u64 end;

	if (!file)
		return -ENOTCONN;
	start = ringcross_ticks();
	done = pipefs_write(file, message, bytes);
	end = ringcross_ticks();
	fput(file);
	if (done < 0)
		return done;
	ringcross_sent(rc, ringcross_message_seq(message), start, end);
	return 0;
}

static int pipefs_consume(struct ringcross *rc, void *message, unsigned int bytes)
{
	struct file *file = pipefs_get(&ends.reader);
	ssize_t done;
	u64 start;
	u64 end;

	if (!file)
		return -ENOTCONN;
	start = ringcross_ticks();
	done = pipefs_read(file, message, bytes);
	end = ringcross_ticks();
	fput(file);
	/* The end of the file, which is no message. */
	if (!done)
		return -ENODATA;
	if (done == bytes)
		ringcross_received(rc, message, bytes, start, end);
	return done;
}

static int pipefs_attach(struct file **end, const char *descriptor, fmode_t mode)
{
	unsigned int fd;
	struct file *file;
	int error;

	error = kstrtouint(descriptor, 10, &fd);
	if (error)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	error = -EINVAL;
	if (!S_ISFIFO(file_inode(file)->i_mode))
		goto put;
	error = -EACCES;
	if (!(file->f_mode & mode))
		goto put;

	mutex_lock(&ends.lock);
	error = *end ? -EBUSY : 0;
	if (!error)
		*end = file;
	mutex_unlock(&ends.lock);
put:
	if (error)
		fput(file);
	return error;
}

static void pipefs_detach(void)
{
	struct file *reader;
	struct file *writer;

	mutex_lock(&ends.lock);
	reader = ends.reader;
	writer = ends.writer;
	ends.reader = NULL;
	ends.writer = NULL;
	mutex_unlock(&ends.lock);
	if (reader)
		fput(reader);
	if (writer)
		fput(writer);
}

static ssize_t pipefs_attach_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	char words[RINGCROSS_WORDS];
	char *rest = words;
	char *what;
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	what = strsep(&rest, " ");
	if (rest && !strcmp(what, "read"))
		error = pipefs_attach(&ends.reader, rest, FMODE_READ);
	else if (rest && !strcmp(what, "write"))
		error = pipefs_attach(&ends.writer, rest, FMODE_WRITE);
	else if (!rest && !strcmp(what, "detach"))
		pipefs_detach();
	else
		error = -EINVAL;
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(pipefs_attach, "read FD\nwrite FD\ndetach\n");

/* A call on one end that has nothing to move: what it returns. */
static ssize_t pipefs_empty(struct file **end, bool write)
{
	struct file *file = pipefs_get(end);
	char nothing = 0;
	ssize_t done;

	if (!file)
		return -ENOTCONN;
	done = write ? kernel_write(file, &nothing, 0, NULL) : kernel_read(file, &nothing, 0, NULL);
	fput(file);
	return done;
}

static ssize_t pipefs_empty_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	char words[RINGCROSS_WORDS];
	ssize_t error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	if (!strcmp(words, "read"))
		error = pipefs_empty(&ends.reader, false);
	else if (!strcmp(words, "write"))
		error = pipefs_empty(&ends.writer, true);
	else
		error = -EINVAL;
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(pipefs_empty, "read\nwrite\n");

static int __init pipefs_init(void)
{
	int error;

	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > PIPEFS_MAX_MEMORY) {
		pr_err("max_message=%u: want %zu to %u\n", max_message, RINGCROSS_MESSAGE_MIN,
		       PIPEFS_MAX_MEMORY);
		return -EINVAL;
	}
	mutex_init(&ends.lock);
	rc.max_message = max_message;
	error = ringcross_init(&rc);
	if (error)
		return error;
	ringcross_start(&rc);
	debugfs_create_file("attach", 0600, rc.folder, NULL, &pipefs_attach_fops);
	debugfs_create_file("empty", 0600, rc.folder, NULL, &pipefs_empty_fops);
	debugfs_create_u64("written", 0400, rc.folder, &written);
	debugfs_create_u64("taken", 0400, rc.folder, &taken);
	return 0;
}

static void __exit pipefs_exit(void)
{
	ringcross_stop(&rc);
	pipefs_detach();
	ringcross_free(&rc);
}

module_init(pipefs_init);
module_exit(pipefs_exit);

MODULE_DESCRIPTION("ringcross: messages between the kernel and a pipe or FIFO, through the VFS");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
