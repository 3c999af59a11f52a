// SPDX-License-Identifier: MIT
/*
 * Any file that takes a message by write(2) and gives it back by read(2), whole and in
 * order, such as the device of a module that has no bench of its own. The case names its
 * path.
 *
 * Each message is written and then read back, which checks it and empties the file: u2k
 * `write` times the one, k2u `read` the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "timed-io.h"

/* The file's own limit may be lower and is then its error. */
#define MAX_BYTES (1 << 20)

struct file {
	int fd;
};

static int prepare(struct bench_run *run)
{
	struct file *file = run->state;

	if (!run->path)
		return bench_fail(run, ENOENT, "path");
	/* A file that does not give back what it took fails the run, instead of holding it for ever. */
	file->fd = open(run->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return file->fd < 0 ? bench_fail(run, errno, "open") : 0;
}

static void finish(struct bench_run *run)
{
	const struct file *file = run->state;

	close(file->fd);
}

static int send_timed(struct bench_run *run, uint64_t seq)
{
	const struct file *file = run->state;

	return timed_write(run, file->fd, seq);
}

static int send_untimed(struct bench_run *run, uint64_t seq)
{
	const struct file *file = run->state;
	long done;

	bench_compose(run, seq);
	done = sys_write(file->fd, run->out, run->bytes);
	return done == (long)run->bytes ? 0 : bench_fail_result(run, done, "write");
}

static int receive_timed(struct bench_run *run, uint64_t seq)
{
	const struct file *file = run->state;

	return timed_read(run, file->fd, seq);
}

static int receive_untimed(struct bench_run *run, uint64_t seq)
{
	const struct file *file = run->state;

	return plain_read(run, file->fd, seq);
}

#define COMMON                                                                                         \
	.min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, .state_bytes = sizeof(struct file),   \
	.prepare = prepare, .finish = finish

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, COMMON, .send = send_timed, .receive = receive_untimed },
	{ .variant = "read", .direction = K2U, COMMON, .send = send_untimed, .receive = receive_timed },
};

MECHANISM(file, .name = "file", .benches = benches, .bench_count = ARRAY_SIZE(benches));
