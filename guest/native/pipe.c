// SPDX-License-Identifier: MIT
/*
 * An anonymous pipe, pipe(7): bytes go from user space through kernel pages to
 * user space. `alternating`: one thread writes, then reads. `blocking`: the
 * reader is blocked in read(2) when the writer writes; in `poll` and `epoll` it
 * is blocked in that call and reads afterwards, untimed. `stream`: both sides go
 * on until the pipe is full or empty. `two-transfers` and `two-transfers-stream`:
 * 416 bytes as two of 208, the survey's Table 1.
 */
#define _GNU_SOURCE
#include "pipe-ends.h"

/* Ends come first: what works on two ends finds them in run->state. */
struct watched_pipe {
	struct pipe_ends ends;
	int epoll;
};

static void finish(struct bench_run *run)
{
	pipe_ends_close(run->state);
}

static int prepare_watched(struct bench_run *run)
{
	struct watched_pipe *pipe = run->state;
	struct epoll_event event = { .events = EPOLLIN };

	if (pipe_ends_open_pipe(run))
		return -1;
	pipe->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pipe->epoll < 0) {
		bench_fail(run, errno, "epoll_create1");
		goto close_pipe;
	}
	if (epoll_ctl(pipe->epoll, EPOLL_CTL_ADD, pipe->ends.reader, &event)) {
		bench_fail(run, errno, "epoll_ctl");
		goto close_epoll;
	}
	return 0;

close_epoll:
	close(pipe->epoll);
close_pipe:
	finish(run);
	return -1;
}

static void finish_watched(struct bench_run *run)
{
	const struct watched_pipe *pipe = run->state;

	close(pipe->epoll);
	finish(run);
}

static int receive_epoll(struct bench_run *run, uint64_t seq)
{
	const struct watched_pipe *pipe = run->state;

	return timed_epoll(run, pipe->epoll, seq) ? -1 : plain_read(run, pipe->ends.reader, seq);
}

#define COMMON                                                                                         \
	.direction = U2U, .state_bytes = sizeof(struct pipe_ends), .prepare = pipe_ends_open_pipe, .finish = finish

static const struct bench benches[] = {
	PIPE_ENDS_BENCHES(COMMON),
	{ .variant = "epoll",
	  .direction = U2U,
	  .min_bytes = RINGCROSS_MESSAGE_MIN,
	  .max_bytes = PIPE_CAPACITY,
	  .state_bytes = sizeof(struct watched_pipe),
	  .blocking = true,
	  .prepare = prepare_watched,
	  .send = pipe_ends_send,
	  .receive = receive_epoll,
	  .finish = finish_watched },
};

MECHANISM(pipe, .name = "pipe", .benches = benches, .bench_count = ARRAY_SIZE(benches));
