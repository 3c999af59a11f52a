/* SPDX-License-Identifier: MIT */
/*
 * What an anonymous pipe and a FIFO have in common: once open, both are two file
 * descriptors with the same buffer between them, pipe(7).
 */
#ifndef PIPE_ENDS_H
#define PIPE_ENDS_H

#ifndef _GNU_SOURCE
#error "F_SETPIPE_SZ needs _GNU_SOURCE"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timed-io.h"

/* The default capacity of a pipe, which a message must fit so that a lone thread never blocks. */
#define PIPE_CAPACITY 65536

struct pipe_ends {
	int reader;
	int writer;
};

static inline void pipe_ends_close(const struct pipe_ends *ends)
{
	close(ends->reader);
	close(ends->writer);
}

/* The bench keeps two descriptors that are open and blocking. Fails with both closed. */
static inline int pipe_ends_keep(struct bench_run *run, int reader, int writer)
{
	struct pipe_ends *ends = run->state;
	int error;

	*ends = (struct pipe_ends){ .reader = reader, .writer = writer };
	/* A user with many pipes gets smaller ones (pipe-user-pages-soft), so the size is asked for. */
	if (fcntl(writer, F_SETPIPE_SZ, PIPE_CAPACITY) >= PIPE_CAPACITY)
		return 0;
	error = errno;
	pipe_ends_close(ends);
	return bench_fail(run, error, "fcntl");
}

static inline int pipe_ends_open_pipe(struct bench_run *run)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return bench_fail(run, errno, "pipe2");
	return pipe_ends_keep(run, fds[0], fds[1]);
}

/* Opening one end waits for the other; with both at once there is nothing to wait for. */
static inline int pipe_ends_open_name(struct bench_run *run, const char *name)
{
	const int both = open(name, O_RDWR | O_CLOEXEC);
	int reader;
	int writer;

	if (both < 0)
		return bench_fail(run, errno, "open");
	reader = open(name, O_RDONLY | O_CLOEXEC);
	writer = open(name, O_WRONLY | O_CLOEXEC);
	if (reader < 0 || writer < 0)
		bench_fail(run, errno, "open");
	close(both);
	if (reader >= 0 && writer >= 0)
		return pipe_ends_keep(run, reader, writer);
	if (reader >= 0)
		close(reader);
	if (writer >= 0)
		close(writer);
	return -1;
}

/* On the tmpfs of our guests. Of this thread alone, and gone before the first message: an open FIFO needs no name. */
static inline int pipe_ends_open_fifo(struct bench_run *run)
{
	char name[sizeof("/tmp/ringcross-fifo-") + 10];
	int result;

	snprintf(name, sizeof(name), "/tmp/ringcross-fifo-%d", gettid());
	if (mkfifo(name, 0600))
		return bench_fail(run, errno, "mkfifo");
	result = pipe_ends_open_name(run, name);
	unlink(name);
	return result;
}

static inline int pipe_ends_send(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	return timed_write(run, ends->writer, seq);
}

static inline int pipe_ends_receive(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	return timed_read(run, ends->reader, seq);
}

/* The wait is timed, the read that follows is not. */
static inline int pipe_ends_poll(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	return timed_poll(run, ends->reader, POLLIN, seq) ? -1 : plain_read(run, ends->reader, seq);
}

/* A write that blocks returns when all of it is in the pipe. */
static inline int pipe_ends_stream_out(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;
	long done;

	bench_compose(run, seq);
	done = sys_write(ends->writer, run->out, run->bytes);
	return done == (long)run->bytes ? 0 : bench_fail_result(run, done, "write");
}

/* A message beyond PIPE_BUF may come in parts: the writer goes on when the first page is free. */
static inline int pipe_ends_stream_in(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;

	for (size_t got = 0; got < run->bytes;) {
		const long done = sys_read(ends->reader, run->in + got, run->bytes - got);

		if (done <= 0)
			return bench_fail_result(run, done, "read");
		got += (size_t)done;
	}
	return bench_verify(run, run->in, seq);
}

static inline int pipe_ends_send_halves(struct bench_run *run, uint64_t seq)
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

static inline int pipe_ends_receive_halves(struct bench_run *run, uint64_t seq)
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

static inline int pipe_ends_stream_halves_out(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;
	const size_t half = run->bytes / 2;
	long done;

	bench_compose(run, seq);
	for (size_t at = 0; at < run->bytes; at += half) {
		done = sys_write(ends->writer, run->out + at, half);
		if (done != (long)half)
			return bench_fail_result(run, done, "write");
	}
	return 0;
}

/* A write up to PIPE_BUF goes in whole, so that a read of the same size never gets less. */
static inline int pipe_ends_stream_halves_in(struct bench_run *run, uint64_t seq)
{
	const struct pipe_ends *ends = run->state;
	const size_t half = run->bytes / 2;
	long done;

	for (size_t at = 0; at < run->bytes; at += half) {
		done = sys_read(ends->reader, run->in + at, half);
		if (done != (long)half)
			return bench_fail_result(run, done, "read");
	}
	return bench_verify(run, run->in, seq);
}

#define PIPE_ENDS_SIZES .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = PIPE_CAPACITY
/* The survey's Table 1: 416 bytes as two of 208. */
#define PIPE_ENDS_TWO_TRANSFERS .min_bytes = 416, .max_bytes = 416

/* The benches of both; COMMON brings `prepare` and whatever else the caller sets for all of its own. */
#define PIPE_ENDS_BENCHES(COMMON)                                                                      \
	{ .variant = "alternating", COMMON, PIPE_ENDS_SIZES, .send = pipe_ends_send,                   \
	  .receive = pipe_ends_receive },                                                              \
	{ .variant = "blocking", COMMON, PIPE_ENDS_SIZES, .blocking = true, .send = pipe_ends_send,    \
	  .receive = pipe_ends_receive },                                                              \
	{ .variant = "poll", COMMON, PIPE_ENDS_SIZES, .blocking = true, .send = pipe_ends_send,        \
	  .receive = pipe_ends_poll },                                                                 \
	{ .variant = "stream", COMMON, PIPE_ENDS_SIZES, .stream = true, .send = pipe_ends_stream_out,  \
	  .receive = pipe_ends_stream_in },                                                            \
	{ .variant = "two-transfers", COMMON, PIPE_ENDS_TWO_TRANSFERS, .send = pipe_ends_send_halves,  \
	  .receive = pipe_ends_receive_halves },                                                       \
	{ .variant = "two-transfers-stream", COMMON, PIPE_ENDS_TWO_TRANSFERS, .stream = true,          \
	  .send = pipe_ends_stream_halves_out, .receive = pipe_ends_stream_halves_in }

#endif
