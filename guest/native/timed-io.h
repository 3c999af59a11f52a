/* SPDX-License-Identifier: MIT */
/*
 * One message as one write(2) or read(2) on a file descriptor, timed. For every
 * mechanism that is a file: the window holds the system call alone.
 */
#ifndef TIMED_IO_H
#define TIMED_IO_H

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

#endif
