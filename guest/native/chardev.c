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
#include <unistd.h>

#include "timed-io.h"
#include "trigger.h"

#define DEVICE "/dev/ringcross-chardev"
/* The module's own limit (max_message) may be lower and is then its EMSGSIZE. */
#define MAX_BYTES (1 << 20)

struct device {
	int fd;
	int trigger;
};

static int prepare(struct bench_run *run)
{
	struct device *device = run->state;

	device->fd = open(run->path ? run->path : DEVICE, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		return bench_fail(run, errno, "open");
	device->trigger = trigger_open(run, "chardev", "produce");
	if (device->trigger < 0) {
		close(device->fd);
		return -1;
	}
	return 0;
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

	return plain_read(run, device->fd, seq);
}

/* The kernel sends: its window is the module's, this call is only what tells it to. */
static int produce(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return trigger_produce(run, device->trigger, seq);
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
