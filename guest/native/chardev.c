// SPDX-License-Identifier: MIT
/*
 * A character device with read and write: the module of kmod/chardev.
 *
 * u2k `write`: the user side is timed here, the kernel's receiving in the module;
 * the message is read back untimed, which checks it and empties the device.
 * k2u `direct`: a trigger file makes the kernel enqueue a message, then one timed
 * read takes it. k2u `blocking`: the reader is blocked in read(2) when the
 * trigger is pulled; its transit counts the wake-up and the switch of threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "timed-io.h"

#define DEVICE "/dev/ringcross-chardev"
#define TRIGGER "/sys/kernel/debug/ringcross-chardev/produce"
/* The module's own limit (max_message) may be lower and is then its EMSGSIZE. */
#define MAX_BYTES (1 << 20)

struct device {
	int fd;
	int trigger;
};

static int prepare(struct bench_run *run)
{
	struct device *device = run->state;
	int error;

	device->fd = open(run->path ? run->path : DEVICE, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		return bench_fail(run, errno, "open");
	device->trigger = open(TRIGGER, O_WRONLY | O_CLOEXEC);
	if (device->trigger < 0) {
		error = errno;
		goto close_device;
	}
	return 0;

close_device:
	close(device->fd);
	return bench_fail(run, error, "open");
}

static void finish(struct bench_run *run)
{
	const struct device *device = run->state;

	close(device->trigger);
	close(device->fd);
}

static int send_write(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return timed_write(run, device->fd, seq);
}

static int read_back(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;
	const long done = sys_read(device->fd, run->in, run->bytes);

	if (done != (long)run->bytes)
		return bench_fail_result(run, done, "read");
	return bench_verify(run, run->in, seq);
}

/* The kernel sends: its window is the module's, this call is only what tells it to. */
static int produce(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;
	/* As bench_compose: new bodies during warm-up, then only new numbers. */
	const char *keep = seq < run->warmup ? "" : " keep";
	char words[48];
	const int length =
		snprintf(words, sizeof(words), "%zu %llu%s", run->bytes, (unsigned long long)seq, keep);
	const long done = sys_write(device->trigger, words, (size_t)length);

	return done == length ? 0 : bench_fail_result(run, done, "write");
}

static int receive_read(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return timed_read(run, device->fd, seq);
}

#define COMMON                                                                                         \
	.min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, .state_bytes = sizeof(struct device), \
	.prepare = prepare, .finish = finish

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, COMMON, .send = send_write, .receive = read_back },
	{ .variant = "direct", .direction = K2U, COMMON, .send = produce, .receive = receive_read },
	{ .variant = "blocking",
	  .direction = K2U,
	  COMMON,
	  .blocking = true,
	  .send = produce,
	  .receive = receive_read },
};

MECHANISM(chardev, .name = "chardev", .benches = benches, .bench_count = ARRAY_SIZE(benches));
