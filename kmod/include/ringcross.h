/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every module of ringcross shares: stamps of the kernel's side of a message,
 * triggers that make the kernel send or receive one, the worker thread that does
 * so many times, and the files in debugfs through which all of it is reached.
 *
 * A module has one struct ringcross with its name, its largest message and what it
 * can do, and goes through four calls, in this order and with its own steps between:
 *
 *	ringcross_init()	memory
 *	...			the mechanism is registered
 *	ringcross_start()	files in debugfs
 *	ringcross_stop()	no files, no trigger under way, no worker
 *	...			the mechanism is gone
 *	ringcross_free()	memory
 *
 * Files in ringcross-NAME/ of debugfs:
 *	sent, received	raw struct ringcross_stamp; writing `reset` empties one
 *	refused		the same of messages that a worker offered and the mechanism did not take, with
 *			the errno in the place of the end; reset together with `sent`
 *	overhead	median empty window, in ticks
 *	produce		"BYTES SEQ [keep]" sends one message
 *	consume		"BYTES SEQ" receives one message, which must be that one
 *	worker		"produce|consume BYTES SEQ COUNT [fifo] [every NS]" starts a thread that does
 *			it COUNT times, on the CPU of whoever writes; `stop` ends and joins it. With
 *			`every` it is an open loop: each is due so many nanoseconds after the one
 *			before, 0 for at once, and one that is refused is logged and not tried again
 *	verify		received messages with a lower number have their checksum checked
 *	intact, corrupt	what came of that; reset together with `received`
 */
#ifndef RINGCROSS_H
#define RINGCROSS_H

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "ringcross-control.h"
#include "ringcross-log.h"
#include "ringcross-message.h"

#define RINGCROSS_MAX_STAMPS (16u << 20)

/*
 * Where the draft and the inbox begin in memory of their own. memcpy_orig() of arch/x86/lib/memcpy_64.S
 * copies backwards where the low byte of the source, as a signed number, is below that of the
 * destination, which costs a few instructions more or less. From here and to here it never is, since
 * allocators align to 16 bytes: the count does not depend on which object one hands out.
 */
#define RINGCROSS_DRAFT_OFFSET 0x70
#define RINGCROSS_INBOX_OFFSET 0x80

static unsigned int stamps = 65536;
module_param(stamps, uint, 0444);
MODULE_PARM_DESC(stamps, "stamps that each log holds (default 65536)");

/* One order of a trigger: the size of a message and its number. */
struct ringcross_order {
	unsigned int bytes;
	u64 seq;
	/* The body of the last message will do, if it has this size: making one up takes its time. */
	bool keep;
};

struct ringcross;

struct ringcross_ops {
	/*
	 * Sends a finished message, times it and calls ringcross_sent(): 0 or a negative errno.
	 * Absent where the kernel cannot send. May sleep; called for one message at a time.
	 */
	int (*produce)(struct ringcross *rc, const void *message, unsigned int bytes);
	/*
	 * Receives one message into `message`, times it and calls ringcross_received(): its
	 * size or a negative errno. Absent where the kernel receives by a callback of its own.
	 */
	int (*consume)(struct ringcross *rc, void *message, unsigned int bytes);
	/*
	 * Waits until all that was produced has arrived: 0 or a negative errno. Absent where produce
	 * leaves nothing to be done. A worker calls it before its last message counts as done.
	 */
	int (*finish)(struct ringcross *rc);
};

/* A thread that carries out one order many times over. Guarded by the worker_lock of its owner. */
struct ringcross_worker {
	struct task_struct *task;
	int (*step)(struct ringcross *rc, const struct ringcross_order *order);
	struct ringcross_order first;
	u64 count;
	bool fifo;
	/* Open loop: in nanoseconds, whatever became of the message before. */
	bool paced;
	u64 period;
	/* Set by ringcross_worker_stop(), read by the thread. */
	bool stopping;
	/* Written by the thread, read by others. */
	u64 done;
	int error;
};

struct ringcross {
	/* Set by the module. The name is that of the folder in debugfs, after `ringcross-`. */
	const char *name;
	const struct ringcross_ops *ops;
	unsigned int max_message;

	/* From here on ours. */
	struct ringcross_log sent;
	struct ringcross_log received;
	struct ringcross_log refused;
	u64 overhead;
	u64 verify_below;
	atomic_t intact;
	atomic_t corrupt;
	/* One order of a kind at a time: guards the draft, where a message is made up before it is timed, */
	struct mutex produce_lock;
	void *draft;
	unsigned int draft_bytes;
	/* and the inbox, where one lands. */
	struct mutex consume_lock;
	void *inbox;
	struct mutex worker_lock;
	struct ringcross_worker worker;
	struct dentry *folder;
};

/* Stores the window in which a message was sent; from any context. */
static inline void ringcross_sent(struct ringcross *rc, u64 seq, u64 start, u64 end)
{
	ringcross_log_add(&rc->sent, seq, start, end);
}

/* Stores the window in which a message was received, and judges the message; from any context. */
static inline void ringcross_received(struct ringcross *rc, const void *message, size_t bytes, u64 start,
				      u64 end)
{
	const u64 seq = ringcross_message_seq(message);

	ringcross_log_add(&rc->received, seq, start, end);
	if (seq < READ_ONCE(rc->verify_below))
		atomic_inc(ringcross_message_intact(message, bytes) ? &rc->intact : &rc->corrupt);
}

/* 0, -EINVAL for a message without room for its number, or -EMSGSIZE for one that is too large. */
static inline int ringcross_check_size(const struct ringcross *rc, size_t bytes)
{
	if (bytes < RINGCROSS_MESSAGE_MIN)
		return -EINVAL;
	return bytes > rc->max_message ? -EMSGSIZE : 0;
}

/* Makes up the message that an order asks for; under the produce_lock, which then guards it. */
static inline const void *ringcross_draft(struct ringcross *rc, const struct ringcross_order *order)
{
	if (order->keep && order->bytes == rc->draft_bytes)
		ringcross_message_set_seq(rc->draft, order->seq);
	else
		ringcross_message_fill(rc->draft, order->bytes, order->seq);
	rc->draft_bytes = order->bytes;
	return rc->draft;
}

static int ringcross_produce(struct ringcross *rc, const struct ringcross_order *order)
{
	int error;

	error = ringcross_check_size(rc, order->bytes);
	if (error)
		return error;
	if (mutex_lock_interruptible(&rc->produce_lock))
		return -ERESTARTSYS;
	error = rc->ops->produce(rc, ringcross_draft(rc, order), order->bytes);
	mutex_unlock(&rc->produce_lock);
	return error;
}

static int ringcross_consume(struct ringcross *rc, const struct ringcross_order *order)
{
	int got;

	got = ringcross_check_size(rc, order->bytes);
	if (got)
		return got;
	if (mutex_lock_interruptible(&rc->consume_lock))
		return -ERESTARTSYS;
	got = rc->ops->consume(rc, rc->inbox, order->bytes);
	if (got >= 0)
		got = got == order->bytes && ringcross_message_seq(rc->inbox) == order->seq ? 0 : -EBADMSG;
	mutex_unlock(&rc->consume_lock);
	return got;
}

/* Longest: "produce", ten digits, twice twenty, "fifo", "every", eleven, what separates and ends them. */
#define RINGCROSS_WORDS 88

/* Between two messages of a worker; far less than what overflows a ktime_t. */
#define RINGCROSS_MAX_PERIOD (60ull * NSEC_PER_SEC)

/* The words of a trigger from user space without the blanks behind them: 0, -EFAULT, or -EINVAL. */
static inline int ringcross_get_words(const char __user *from, size_t bytes, char words[RINGCROSS_WORDS])
{
	if (bytes >= RINGCROSS_WORDS)
		return -EINVAL;
	if (copy_from_user(words, from, bytes))
		return -EFAULT;
	words[bytes] = '\0';
	/* A NUL in between would hide what follows it. */
	if (strlen(words) != bytes)
		return -EINVAL;
	strim(words);
	return 0;
}

/* "BYTES SEQ", which are taken off `rest`. */
static inline int ringcross_get_order(char **rest, struct ringcross_order *order)
{
	char *first = strsep(rest, " ");
	char *second = strsep(rest, " ");

	if (!second || kstrtouint(first, 10, &order->bytes) || kstrtou64(second, 10, &order->seq))
		return -EINVAL;
	order->keep = false;
	return 0;
}

static ssize_t ringcross_produce_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross_order order;
	char words[RINGCROSS_WORDS];
	char *rest = words;
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (!error)
		error = ringcross_get_order(&rest, &order);
	if (!error && rest) {
		order.keep = !strcmp(rest, "keep");
		error = order.keep ? 0 : -EINVAL;
	}
	if (!error)
		error = ringcross_produce(file->private_data, &order);
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(ringcross_produce, "BYTES SEQ [keep]\n");

static ssize_t ringcross_consume_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross_order order;
	char words[RINGCROSS_WORDS];
	char *rest = words;
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (!error)
		error = ringcross_get_order(&rest, &order);
	if (!error && rest)
		error = -EINVAL;
	if (!error)
		error = ringcross_consume(file->private_data, &order);
	return error ?: bytes;
}

RINGCROSS_DEFINE_CONTROL(ringcross_consume, "BYTES SEQ\n");

/* How long after a tick of the timer has fallen, or could have, messages are due: its handler is done by then. */
#define RINGCROSS_PACE_PHASE (5ull * NSEC_PER_USEC)

/*
 * The middle between two ticks, and at least half of one away: whoever started the worker has begun to
 * wait, and each run meets its ticks at the same messages.
 */
static ktime_t ringcross_first_due(void)
{
	const u64 next_tick = (div_u64(ktime_get_ns(), TICK_NSEC) + 1) * TICK_NSEC;

	return ns_to_ktime(next_tick + TICK_NSEC / 2 + RINGCROSS_PACE_PHASE);
}

/* 0, or -ERESTARTSYS when a signal came first. */
static int ringcross_sleep_until(ktime_t due)
{
	while (ktime_before(ktime_get(), due)) {
		if (signal_pending(current))
			return -ERESTARTSYS;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
	}
	return 0;
}

/* One message of a worker: 0, or what ends it. */
static int ringcross_worker_step(struct ringcross *rc, const struct ringcross_order *order)
{
	const struct ringcross_worker *worker = &rc->worker;
	const bool is_last = worker->done + 1 == worker->count;
	const u64 start = ringcross_ticks();
	int error;

	error = worker->step(rc, order);
	if (error && error != -ERESTARTSYS && worker->paced) {
		ringcross_log_add(&rc->refused, order->seq, start, -error);
		error = 0;
	}
	if (!error && is_last && worker->step == ringcross_produce && rc->ops->finish)
		error = rc->ops->finish(rc);
	return error;
}

static int ringcross_worker_main(void *data)
{
	struct ringcross *rc = data;
	struct ringcross_worker *worker = &rc->worker;
	struct ringcross_order order = worker->first;
	ktime_t due = ringcross_first_due();
	int error = 0;

	/* A step that sleeps interruptibly is woken by it; kthread_stop() alone does that on newer kernels only. */
	allow_signal(SIGTERM);
	while (READ_ONCE(worker->done) < worker->count && !READ_ONCE(worker->stopping)) {
		if (worker->paced)
			error = ringcross_sleep_until(due);
		if (!error)
			error = ringcross_worker_step(rc, &order);
		if (error)
			break;
		due = ktime_add_ns(due, worker->period);
		order.seq++;
		order.keep = true;
		WRITE_ONCE(worker->done, worker->done + 1);
		cond_resched();
	}
	/* User space, whose SIGTERM it may have been, has no ERESTARTSYS. After a stop nobody reads it. */
	WRITE_ONCE(worker->error, error == -ERESTARTSYS ? -EINTR : error);
	return 0;
}

/* Ends the worker, if there is one, and waits until it is gone. Under the worker_lock. */
static void ringcross_worker_stop(struct ringcross *rc)
{
	struct task_struct *task = rc->worker.task;

	if (!task)
		return;
	/* First, for a thread that does not allow the signal yet: it would lose it, and sleep. */
	WRITE_ONCE(rc->worker.stopping, true);
	send_sig(SIGTERM, task, 1);
	kthread_stop(task);
	put_task_struct(task);
	rc->worker.task = NULL;
}

/* Under the worker_lock. A worker that has come to its end by itself makes room for the next. */
static int ringcross_worker_start(struct ringcross *rc)
{
	struct ringcross_worker *worker = &rc->worker;
	struct task_struct *task;

	task = kthread_create(ringcross_worker_main, rc, "ringcross-%s", rc->name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, raw_smp_processor_id());
	/*
	 * Priority 50, that of the native benches: on their CPU it takes turns with them. Given by the
	 * thread itself it would come too late: an ordinary task does not run while a bench does.
	 */
	if (worker->fifo)
		sched_set_fifo(task);
	/* Ours until ringcross_worker_stop(): it may end before that. */
	worker->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static bool ringcross_worker_ended(const struct ringcross_worker *worker)
{
	return READ_ONCE(worker->error) || READ_ONCE(worker->done) == worker->count;
}

static int ringcross_worker_get(struct ringcross *rc, char *words, struct ringcross_worker *wanted)
{
	const struct ringcross_ops *ops = rc->ops;
	char *rest = words;
	char *what = strsep(&rest, " ");
	char *count;
	char *word;
	int error;

	if (ops->produce && !strcmp(what, "produce"))
		wanted->step = ringcross_produce;
	else if (ops->consume && !strcmp(what, "consume"))
		wanted->step = ringcross_consume;
	else
		return -EINVAL;
	error = ringcross_get_order(&rest, &wanted->first);
	if (error)
		return error;
	count = strsep(&rest, " ");
	if (!count || kstrtou64(count, 10, &wanted->count) || !wanted->count)
		return -EINVAL;
	word = strsep(&rest, " ");
	wanted->fifo = word && !strcmp(word, "fifo");
	if (wanted->fifo)
		word = strsep(&rest, " ");
	wanted->paced = word && !strcmp(word, "every");
	if (wanted->paced) {
		word = strsep(&rest, " ");
		if (!word || kstrtou64(word, 10, &wanted->period) || wanted->period > RINGCROSS_MAX_PERIOD)
			return -EINVAL;
		word = strsep(&rest, " ");
	}
	if (word)
		return -EINVAL;
	return ringcross_check_size(rc, wanted->first.bytes);
}

static ssize_t ringcross_worker_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;
	struct ringcross_worker wanted = { };
	char words[RINGCROSS_WORDS];
	bool stop;
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	stop = !strcmp(words, "stop");
	if (!stop) {
		error = ringcross_worker_get(rc, words, &wanted);
		if (error)
			return error;
	}
	if (mutex_lock_interruptible(&rc->worker_lock))
		return -ERESTARTSYS;
	if (!stop && rc->worker.task && !ringcross_worker_ended(&rc->worker)) {
		error = -EBUSY;
		goto unlock;
	}
	ringcross_worker_stop(rc);
	if (!stop) {
		rc->worker = wanted;
		error = ringcross_worker_start(rc);
	}
unlock:
	mutex_unlock(&rc->worker_lock);
	return error ?: bytes;
}

/* "idle", or "DONE of COUNT" with the errno that ended it, if one did. */
static ssize_t ringcross_worker_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;
	const struct ringcross_worker *worker = &rc->worker;
	char text[RINGCROSS_WORDS];
	int length;

	if (mutex_lock_interruptible(&rc->worker_lock))
		return -ERESTARTSYS;
	if (!worker->task)
		length = scnprintf(text, sizeof(text), "idle\n");
	else
		length = scnprintf(text, sizeof(text), "%llu of %llu error %d\n", READ_ONCE(worker->done),
				   worker->count, -READ_ONCE(worker->error));
	mutex_unlock(&rc->worker_lock);
	return simple_read_from_buffer(to, bytes, at, text, length);
}

static const struct file_operations ringcross_worker_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_worker_read,
	.write = ringcross_worker_write,
	.llseek = default_llseek,
};

static ssize_t ringcross_log_write(struct ringcross_log *log, const char __user *from, size_t bytes)
{
	char words[RINGCROSS_WORDS];
	int error;

	error = ringcross_get_words(from, bytes, words);
	if (error)
		return error;
	if (strcmp(words, "reset"))
		return -EINVAL;
	atomic_set(&log->taken, 0);
	return bytes;
}

/* Read while no message is under way: the last stamp may not be whole before. */
static ssize_t ringcross_log_read(struct ringcross_log *log, char __user *to, size_t bytes, loff_t *at)
{
	unsigned int count = min_t(unsigned int, atomic_read(&log->taken), log->capacity);

	return simple_read_from_buffer(to, bytes, at, log->stamps, count * sizeof(*log->stamps));
}

static ssize_t ringcross_sent_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;

	return ringcross_log_read(&rc->sent, to, bytes, at);
}

static ssize_t ringcross_sent_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;
	const ssize_t done = ringcross_log_write(&rc->sent, from, bytes);

	if (done >= 0)
		atomic_set(&rc->refused.taken, 0);
	return done;
}

static const struct file_operations ringcross_sent_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_sent_read,
	.write = ringcross_sent_write,
	.llseek = default_llseek,
};

static ssize_t ringcross_refused_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;

	return ringcross_log_read(&rc->refused, to, bytes, at);
}

static const struct file_operations ringcross_refused_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_refused_read,
	.llseek = default_llseek,
};

static ssize_t ringcross_received_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;

	return ringcross_log_read(&rc->received, to, bytes, at);
}

static ssize_t ringcross_received_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	struct ringcross *rc = file->private_data;
	const ssize_t done = ringcross_log_write(&rc->received, from, bytes);

	if (done >= 0) {
		atomic_set(&rc->intact, 0);
		atomic_set(&rc->corrupt, 0);
	}
	return done;
}

static const struct file_operations ringcross_received_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = ringcross_received_read,
	.write = ringcross_received_write,
	.llseek = default_llseek,
};

static int ringcross_init(struct ringcross *rc)
{
	void *draft;
	void *inbox;
	int error;

	if (!stamps || stamps > RINGCROSS_MAX_STAMPS) {
		pr_err("stamps=%u: want 1 to %u\n", stamps, RINGCROSS_MAX_STAMPS);
		return -EINVAL;
	}
	mutex_init(&rc->produce_lock);
	mutex_init(&rc->consume_lock);
	mutex_init(&rc->worker_lock);
	error = ringcross_window_overhead(&rc->overhead);
	if (error)
		return error;
	error = ringcross_log_init(&rc->sent, stamps);
	if (error)
		return error;
	error = ringcross_log_init(&rc->received, stamps);
	if (error)
		goto free_sent;
	error = ringcross_log_init(&rc->refused, stamps);
	if (error)
		goto free_received;
	error = -ENOMEM;
	draft = vzalloc(RINGCROSS_DRAFT_OFFSET + (size_t)rc->max_message);
	if (!draft)
		goto free_refused;
	inbox = vzalloc(RINGCROSS_INBOX_OFFSET + (size_t)rc->max_message);
	if (!inbox)
		goto free_draft;
	rc->draft = draft + RINGCROSS_DRAFT_OFFSET;
	rc->inbox = inbox + RINGCROSS_INBOX_OFFSET;
	return 0;

free_draft:
	vfree(draft);
free_refused:
	ringcross_log_free(&rc->refused);
free_received:
	ringcross_log_free(&rc->received);
free_sent:
	ringcross_log_free(&rc->sent);
	return error;
}

static void ringcross_free(struct ringcross *rc)
{
	vfree(rc->inbox - RINGCROSS_INBOX_OFFSET);
	vfree(rc->draft - RINGCROSS_DRAFT_OFFSET);
	ringcross_log_free(&rc->refused);
	ringcross_log_free(&rc->received);
	ringcross_log_free(&rc->sent);
}

/* As debugfs asks of its callers, its results are not checked: without its files a mechanism still works. */
static void ringcross_start(struct ringcross *rc)
{
	char name[64];

	scnprintf(name, sizeof(name), "ringcross-%s", rc->name);
	rc->folder = debugfs_create_dir(name, NULL);
	debugfs_create_file("sent", 0600, rc->folder, rc, &ringcross_sent_fops);
	debugfs_create_file("received", 0600, rc->folder, rc, &ringcross_received_fops);
	debugfs_create_file("refused", 0400, rc->folder, rc, &ringcross_refused_fops);
	debugfs_create_u64("overhead", 0400, rc->folder, &rc->overhead);
	debugfs_create_u64("verify", 0600, rc->folder, &rc->verify_below);
	debugfs_create_atomic_t("intact", 0400, rc->folder, &rc->intact);
	debugfs_create_atomic_t("corrupt", 0400, rc->folder, &rc->corrupt);
	if (rc->ops->produce)
		debugfs_create_file("produce", 0600, rc->folder, rc, &ringcross_produce_fops);
	if (rc->ops->consume)
		debugfs_create_file("consume", 0600, rc->folder, rc, &ringcross_consume_fops);
	if (rc->ops->produce || rc->ops->consume)
		debugfs_create_file("worker", 0600, rc->folder, rc, &ringcross_worker_fops);
}

/* Removing the files waits for whoever is inside of one. */
static void ringcross_stop(struct ringcross *rc)
{
	debugfs_remove_recursive(rc->folder);
	mutex_lock(&rc->worker_lock);
	ringcross_worker_stop(rc);
	mutex_unlock(&rc->worker_lock);
}

#endif
