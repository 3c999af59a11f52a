// SPDX-License-Identifier: MIT
/*
 * A named pipe, fifo(7), on tmpfs: the buffer of a pipe, found by a name. The
 * variants are those of pipe.c; what a FIFO adds is the filesystem's inode, whose
 * times each transfer keeps up to date.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>

#include "pipe-ends.h"

/* The usual place: a tmpfs in our guests. */
#define FOLDER "/tmp"

/* Opening for reading waits for a writer, which is us: O_NONBLOCK opens at once, and is then taken off. */
static int open_reader(const char *name)
{
	const int reader = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int error;

	if (reader < 0)
		return -errno;
	if (!fcntl(reader, F_SETFL, 0))
		return reader;
	error = errno;
	close(reader);
	return -error;
}

static int prepare(struct bench_run *run)
{
	char name[sizeof(FOLDER "/ringcross-fifo-") + 10];
	int reader;
	int writer;

	/* Of this thread alone, and gone before the first message: an open FIFO needs no name. */
	snprintf(name, sizeof(name), FOLDER "/ringcross-fifo-%d", gettid());
	if (mkfifo(name, 0600))
		return bench_fail(run, errno, "mkfifo");
	reader = open_reader(name);
	if (reader < 0) {
		bench_fail(run, -reader, "open");
		goto unlink_name;
	}
	writer = open(name, O_WRONLY | O_CLOEXEC);
	if (writer < 0) {
		bench_fail(run, errno, "open");
		goto close_reader;
	}
	unlink(name);
	return pipe_ends_keep(run, reader, writer);

close_reader:
	close(reader);
unlink_name:
	unlink(name);
	return -1;
}

static void finish(struct bench_run *run)
{
	pipe_ends_close(run->state);
}

#define COMMON                                                                                         \
	.direction = U2U, .state_bytes = sizeof(struct pipe_ends), .prepare = prepare, .finish = finish

static const struct bench benches[] = { PIPE_ENDS_BENCHES(COMMON) };

MECHANISM(fifo, .name = "fifo", .benches = benches, .bench_count = ARRAY_SIZE(benches));
