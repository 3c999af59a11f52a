// SPDX-License-Identifier: MIT
/*
 * A POSIX message queue, mq_overview(7): whole messages, each with a priority,
 * copied into kernel memory and out of it. `alternating`: one thread sends, then
 * receives. `blocking`: the receiver waits in its call, and is handed the message
 * past the queue (pipelined_send in ipc/mqueue.c); in `poll` it waits in poll(2) and
 * receives afterwards, untimed. `priority`: as `alternating`, while other messages
 * of seven lower priorities stay in the queue. `stream`: both sides go on until the
 * queue is full or empty. `load`: an experiment on reliability, in which the sender does
 * not wait, and the queue holds as many messages as asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mqueue.h>
#include <stdio.h>
#include <unistd.h>

#include "timed-io.h"

/* What a queue has unless asked otherwise (msg_default in /proc/sys/fs/mqueue). */
#define MESSAGES 10
/* MESSAGES of them stay below the 819,200 bytes that a user may have in queues: RLIMIT_MSGQUEUE. */
#define LARGEST 65536

/* Priorities in the queue beside the one that is measured: the tree of ipc/mqueue.c has a node for each. */
#define LEVELS 7

struct queue {
	int fd;
	/* Of the messages that are measured. */
	unsigned int priority;
};

static int prepare_with(struct bench_run *run, int flags)
{
	/* More than the 10 of msg_max or the 8192 bytes of msgsize_max needs CAP_SYS_RESOURCE. */
	const struct mq_attr attributes = {
		.mq_maxmsg = run->buffer ? run->buffer : MESSAGES,
		.mq_msgsize = (long)run->bytes,
	};
	struct queue *queue = run->state;
	char name[sizeof("ringcross-") + 10];

	/* Without the slash, which is the library's. Of this thread alone, and gone before the first message. */
	snprintf(name, sizeof(name), "ringcross-%d", gettid());
	queue->fd = (int)sys4(SYS_mq_open, (long)name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | flags,
			      0600, (long)&attributes);
	if (queue->fd < 0)
		return bench_fail(run, -queue->fd, "mq_open");
	sys2(SYS_mq_unlink, (long)name, 0);
	return 0;
}

static int prepare(struct bench_run *run)
{
	return prepare_with(run, 0);
}

static int prepare_nonblock(struct bench_run *run)
{
	return prepare_with(run, O_NONBLOCK);
}

static void finish(struct bench_run *run)
{
	const struct queue *queue = run->state;

	close(queue->fd);
}

static int prepare_levels(struct bench_run *run)
{
	struct queue *queue = run->state;
	const unsigned char other[RINGCROSS_MESSAGE_MIN] = { 0 };
	long result;

	if (prepare(run))
		return -1;
	for (unsigned int priority = 0; priority < LEVELS; priority++) {
		result = sys5(SYS_mq_timedsend, queue->fd, (long)other, sizeof(other), priority, 0);
		if (result) {
			finish(run);
			return bench_fail_result(run, result, "mq_timedsend");
		}
	}
	/* Above all others: it gets a level of its own each time, and is the first to be received. */
	queue->priority = LEVELS;
	return 0;
}

static int send(struct bench_run *run, uint64_t seq)
{
	const struct queue *queue = run->state;
	const int fd = queue->fd;
	const unsigned int priority = queue->priority;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;
	long result;

	bench_compose(run, seq);
	start = window_open();
	result = sys5(SYS_mq_timedsend, fd, (long)out, (long)bytes, priority, 0);
	end = window_close();
	if (result)
		return bench_fail_result(run, result, "mq_timedsend");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int receive(struct bench_run *run, uint64_t seq)
{
	const struct queue *queue = run->state;
	const int fd = queue->fd;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys5(SYS_mq_timedreceive, fd, (long)in, (long)bytes, 0, 0);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "mq_timedreceive");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

static int plain_send(struct bench_run *run, uint64_t seq)
{
	const struct queue *queue = run->state;
	long result;

	bench_compose(run, seq);
	result = sys5(SYS_mq_timedsend, queue->fd, (long)run->out, (long)run->bytes, queue->priority, 0);
	return result ? bench_fail_result(run, result, "mq_timedsend") : 0;
}

static int plain_receive(struct bench_run *run, uint64_t seq)
{
	const struct queue *queue = run->state;
	const long done = sys5(SYS_mq_timedreceive, queue->fd, (long)run->in, (long)run->bytes, 0, 0);

	if (done != (long)run->bytes)
		return bench_fail_result(run, done, "mq_timedreceive");
	return bench_verify(run, run->in, seq);
}

static int receive_poll(struct bench_run *run, uint64_t seq)
{
	const struct queue *queue = run->state;

	return timed_poll(run, queue->fd, POLLIN, seq) ? -1 : plain_receive(run, seq);
}

static long offer(struct bench_run *run)
{
	const struct queue *queue = run->state;

	return sys5(SYS_mq_timedsend, queue->fd, (long)run->out, (long)run->bytes, queue->priority, 0);
}

static long take(struct bench_run *run)
{
	const struct queue *queue = run->state;

	return sys5(SYS_mq_timedreceive, queue->fd, (long)run->in, (long)run->bytes, 0, 0);
}

static int readable(const struct bench_run *run)
{
	const struct queue *queue = run->state;

	return queue->fd;
}

#define COMMON                                                                                         \
	.direction = U2U, .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = LARGEST,                    \
	.state_bytes = sizeof(struct queue), .finish = finish

static const struct bench benches[] = {
	{ .variant = "alternating", COMMON, .prepare = prepare, .send = send, .receive = receive },
	{ .variant = "blocking", COMMON, .blocking = true, .prepare = prepare, .send = send, .receive = receive },
	{ .variant = "poll", COMMON, .blocking = true, .prepare = prepare, .send = send, .receive = receive_poll },
	{ .variant = "priority", COMMON, .prepare = prepare_levels, .send = send, .receive = receive },
	{ .variant = "stream",
	  COMMON,
	  .stream = true,
	  .prepare = prepare,
	  .send = plain_send,
	  .receive = plain_receive },
	{ .variant = "load", COMMON, .prepare = prepare_nonblock, .offer = offer, .take = take, .readable = readable },
};

MECHANISM(mqueue, .name = "mqueue", .benches = benches, .bench_count = ARRAY_SIZE(benches));
