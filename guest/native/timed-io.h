/* SPDX-License-Identifier: MIT */
/*
 * One message as one write(2) or read(2) on a file descriptor, or the wait for one,
 * timed. For every mechanism that is a file: the window holds the system call alone.
 */
#ifndef TIMED_IO_H
#define TIMED_IO_H

#include <poll.h>
#include <sys/epoll.h>

#include "bench.h"

/* Writes the whole message; a short write fails the bench. */
static inline int timed_write(struct bench_run *run, int fd, uint64_t seq)
{
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;
	long done;

	bench_compose(run, seq);
	start = window_open();
	done = sys_write(fd, out, bytes);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "write");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

/* Reads the whole message and checks it as bench_verify does; a short read fails the bench. */
static inline int timed_read(struct bench_run *run, int fd, uint64_t seq)
{
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys_read(fd, in, bytes);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "read");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

/* The same, without a window: for what is not the bench's subject. */
static inline int plain_read(struct bench_run *run, int fd, uint64_t seq)
{
	const long done = sys_read(fd, run->in, run->bytes);

	if (done != (long)run->bytes)
		return bench_fail_result(run, done, "read");
	return bench_verify(run, run->in, seq);
}

/* Waits in poll(2) until one of `events` comes: the receiver's window ends when the call has returned. */
static inline int timed_poll(struct bench_run *run, int fd, short events, uint64_t seq)
{
	struct pollfd entry = { .fd = fd, .events = events };
	uint64_t start;
	uint64_t end;
	long ready;

	start = window_open();
	ready = sys3(SYS_poll, (long)&entry, 1, -1);
	end = window_close();
	if (ready != 1 || !(entry.revents & events))
		return bench_fail_result(run, ready, "poll");
	bench_stamp(run, RECEIVED, seq, start, end);
	return 0;
}

/* As timed_poll, with a file descriptor of epoll(7) that watches one file. */
static inline int timed_epoll(struct bench_run *run, int epoll, uint64_t seq)
{
	struct epoll_event event;
	uint64_t start;
	uint64_t end;
	long ready;

	start = window_open();
	ready = sys4(SYS_epoll_wait, epoll, (long)&event, 1, -1);
	end = window_close();
	if (ready != 1)
		return bench_fail_result(run, ready, "epoll_wait");
	bench_stamp(run, RECEIVED, seq, start, end);
	return 0;
}

#endif
