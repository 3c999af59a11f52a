// SPDX-License-Identifier: MIT
/*
 * The kernel at the other end of a pipe or FIFO: the module of kmod/pipefs, to which
 * an end is handed over by its descriptor. It has an open file of its own from then
 * on; ours stays open too, so that the pipe never finds one of its sides gone.
 *
 * k2u `pipe`, `fifo`: kernel_write() by a trigger, then one timed read. `blocking`
 * and `poll`: the reader waits in that call when the trigger is pulled.
 * u2k `pipe`, `fifo`: one timed write, then kernel_read() by a trigger. `blocking`:
 * a kernel thread waits in kernel_read() when the user writes.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "pipe-ends.h"
#include "trigger.h"

#define MODULE "pipefs"

/* Ends come first: what works on two ends finds them in run->state. */
struct shared_pipe {
	struct pipe_ends ends;
	int attach;
	/* Makes the kernel move one message, or starts and stops the thread that does. */
	int trigger;
};

static int tell(struct bench_run *run, int fd, const char *words)
{
	const size_t length = strlen(words);
	const ssize_t done = write(fd, words, length);

	return done == (ssize_t)length ? 0 : bench_fail(run, done < 0 ? errno : EBADMSG, "write");
}

/* Gives the kernel the end that we do not use. Fails with nothing open but the pipe. */
static int attach(struct bench_run *run, const char *trigger)
{
	struct shared_pipe *pipe = run->state;
	const bool receives = run->bench->direction == U2K;
	char words[32];

	pipe->attach = trigger_open(run, MODULE, "attach");
	if (pipe->attach < 0)
		return -1;
	pipe->trigger = trigger_open(run, MODULE, trigger);
	if (pipe->trigger < 0)
		goto close_attach;
	snprintf(words, sizeof(words), "%s %d", receives ? "read" : "write",
		 receives ? pipe->ends.reader : pipe->ends.writer);
	if (tell(run, pipe->attach, words))
		goto close_trigger;
	return 0;

close_trigger:
	close(pipe->trigger);
close_attach:
	close(pipe->attach);
	return -1;
}

static int attach_or_close(struct bench_run *run, const char *trigger)
{
	if (!attach(run, trigger))
		return 0;
	pipe_ends_close(run->state);
	return -1;
}

static const char *trigger_name(const struct bench_run *run)
{
	return run->bench->direction == U2K ? "consume" : "produce";
}

static int prepare_pipe(struct bench_run *run)
{
	return pipe_ends_open_pipe(run) ? -1 : attach_or_close(run, trigger_name(run));
}

static int prepare_fifo(struct bench_run *run)
{
	return pipe_ends_open_fifo(run) ? -1 : attach_or_close(run, trigger_name(run));
}

static void finish(struct bench_run *run)
{
	const struct shared_pipe *pipe = run->state;

	tell(run, pipe->attach, "detach");
	close(pipe->trigger);
	close(pipe->attach);
	pipe_ends_close(&pipe->ends);
}

/* The worker's priority is ours, so that it gets the CPU whenever we yield. */
static int prepare_worker(struct bench_run *run)
{
	const struct shared_pipe *pipe = run->state;
	char words[72];

	if (pipe_ends_open_pipe(run) || attach_or_close(run, "worker"))
		return -1;
	snprintf(words, sizeof(words), "consume %zu 0 %llu%s", run->bytes,
		 (unsigned long long)(run->warmup + run->messages), run->realtime ? " fifo" : "");
	if (!tell(run, pipe->trigger, words))
		return 0;
	finish(run);
	return -1;
}

static void finish_worker(struct bench_run *run)
{
	const struct shared_pipe *pipe = run->state;

	tell(run, pipe->trigger, "stop");
	finish(run);
}

static int produce(struct bench_run *run, uint64_t seq)
{
	const struct shared_pipe *pipe = run->state;

	return trigger_produce(run, pipe->trigger, seq);
}

static int consume(struct bench_run *run, uint64_t seq)
{
	const struct shared_pipe *pipe = run->state;

	return trigger_consume(run, pipe->trigger, seq);
}

/* From its last message to the wait for the next the worker does not yield, so it waits when we run again. */
static int await_worker(struct bench_run *run, uint64_t seq)
{
	const struct shared_pipe *pipe = run->state;
	long long done;

	do {
		sched_yield();
		done = trigger_worker_done(run, pipe->trigger);
	} while (done >= 0 && done <= (long long)seq);
	return done < 0 ? -1 : 0;
}

/* The first message finds a worker that has not run yet, and so has to let it begin. */
static int send_to_worker(struct bench_run *run, uint64_t seq)
{
	if (seq == 0)
		sched_yield();
	return pipe_ends_send(run, seq);
}

#define SHARED                                                                                         \
	.min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = PIPE_CAPACITY,                                \
	.state_bytes = sizeof(struct shared_pipe)
#define PIPE SHARED, .prepare = prepare_pipe, .finish = finish
#define FIFO SHARED, .prepare = prepare_fifo, .finish = finish
#define WORKER SHARED, .prepare = prepare_worker, .finish = finish_worker

static const struct bench benches[] = {
	{ .variant = "pipe", .direction = K2U, PIPE, .send = produce, .receive = pipe_ends_receive },
	{ .variant = "fifo", .direction = K2U, FIFO, .send = produce, .receive = pipe_ends_receive },
	{ .variant = "blocking",
	  .direction = K2U,
	  PIPE,
	  .blocking = true,
	  .send = produce,
	  .receive = pipe_ends_receive },
	{ .variant = "poll",
	  .direction = K2U,
	  PIPE,
	  .blocking = true,
	  .send = produce,
	  .receive = pipe_ends_poll },
	{ .variant = "pipe", .direction = U2K, PIPE, .send = pipe_ends_send, .receive = consume },
	{ .variant = "fifo", .direction = U2K, FIFO, .send = pipe_ends_send, .receive = consume },
	{ .variant = "blocking",
	  .direction = U2K,
	  WORKER,
	  .worker = true,
	  .send = send_to_worker,
	  .receive = await_worker },
};

MECHANISM(pipefs, .name = "pipefs", .benches = benches, .bench_count = ARRAY_SIZE(benches));
