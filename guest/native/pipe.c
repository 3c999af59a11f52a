// SPDX-License-Identifier: MIT
/*
 * An anonymous pipe, pipe(7): bytes go from user space through kernel pages to
 * user space. `alternating`: one thread writes, then reads. `blocking`: the
 * reader is blocked in read(2) when the writer writes. `two-transfers`: 416 bytes
 * as two of 208, the survey's Table 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "timed-io.h"

/* The default capacity of a pipe, which a message must fit so that a lone thread never blocks. */
#define CAPACITY 65536

struct pipe_ends {
	int reader;
	int writer;
};

static int prepare(struct bench_run *run)
{
	struct pipe_ends *ends = run->state;
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC))
		return bench_fail(run, errno, "pipe2");
	/* A user with many pipes gets smaller ones (pipe-user-pages-soft), so the size is asked for. */
	if (fcntl(fds[1], F_SETPIPE_SZ, CAPACITY) < CAPACITY) {
		error = errno;
		goto close_both;
	}
	ends->reader = fds[0];
	ends->writer = fds[1];
	return 0;

close_both:
	close(fds[0]);
	close(fds[1]);
	return bench_fail(run, error, "fcntl");
}

static void finish(struct bench_run *run)
{
	const struct pipe_ends *ends = run->state;

	close(ends->reader);
	close(ends->writer);
}

static int send_whole(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	return timed_write(run, ends->writer, seq);
}

static int receive_whole(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	return timed_read(run, ends->reader, seq);
}

static int send_halves(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;
	const int fd = ends->writer;
	const size_t half = run->bytes / 2;
	const unsigned char *out = run->out;
	uint64_t start;
	uint64_t end;
	long first;
	long second;

	bench_compose(run, seq);
	start = window_open();
	first = sys_write(fd, out, half);
	second = sys_write(fd, out + half, half);
	end = window_close();
	if (first != (long)half || second != (long)half)
		return bench_fail_result(run, first < 0 ? first : second, "write");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int receive_halves(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;
	const int fd = ends->reader;
	const size_t half = run->bytes / 2;
	unsigned char *in = run->in;
	uint64_t start;
	uint64_t end;
	long first;
	long second;

	start = window_open();
	first = sys_read(fd, in, half);
	second = sys_read(fd, in + half, half);
	end = window_close();
	if (first != (long)half || second != (long)half)
		return bench_fail_result(run, first < 0 ? first : second, "read");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

#define COMMON                                                                                         \
	.direction = U2U, .state_bytes = sizeof(struct pipe_ends), .prepare = prepare, .finish = finish

static const struct bench benches[] = {
	{ .variant = "alternating",
	  COMMON,
	  .min_bytes = RINGCROSS_MESSAGE_MIN,
	  .max_bytes = CAPACITY,
	  .send = send_whole,
	  .receive = receive_whole },
	{ .variant = "blocking",
	  COMMON,
	  .min_bytes = RINGCROSS_MESSAGE_MIN,
	  .max_bytes = CAPACITY,
	  .blocking = true,
	  .send = send_whole,
	  .receive = receive_whole },
	{ .variant = "two-transfers",
	  COMMON,
	  .min_bytes = 416,
	  .max_bytes = 416,
	  .send = send_halves,
	  .receive = receive_halves },
};

MECHANISM(pipe, .name = "pipe", .benches = benches, .bench_count = ARRAY_SIZE(benches));
