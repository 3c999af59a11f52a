// SPDX-License-Identifier: MIT
/*
 * A character device with read, write and memory that is shared: the module of
 * kmod/chardev.
 *
 * u2k `write`, `write-nonblock`: the user side is timed here, the kernel's receiving
 * in the module; the message is read back untimed, which checks it and empties the
 * device. k2u `direct`, `nonblock`: a trigger file makes the kernel enqueue a message,
 * then one timed read takes it. k2u `blocking`, `poll`, `epoll`: the reader is blocked
 * in that call when the trigger is pulled; its transit counts the wake-up and the
 * switch of threads. After poll and epoll the message is read untimed.
 *
 * The rings, whose windows hold a copy and no system call but one: u2k `ring` puts a
 * message in, which the kernel takes when a trigger tells it to; u2k `ring-doorbell`
 * puts one in and makes the kernel take it by an ioctl, all in one window. k2u `ring`
 * finds a message by the index and takes it; k2u `ring-poll` waits in poll and takes
 * it untimed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring-view.h"
#include "timed-io.h"
#include "trigger.h"

#define DEVICE "/dev/ringcross-chardev"
#define RING_DEVICE "/dev/ringcross-chardev-ring"
/* The module's own limit (max_message) may be lower and is then its EMSGSIZE. */
#define MAX_BYTES (1 << 20)

struct device {
	int fd;
	int trigger;
	int epoll;
	struct ring_view ring;
};

static int open_device(struct bench_run *run, const char *path, int flags, const char *module,
		       const char *trigger)
{
	struct device *device = run->state;

	device->fd = open(run->path ? run->path : path, O_RDWR | O_CLOEXEC | flags);
	if (device->fd < 0)
		return bench_fail(run, errno, "open");
	device->trigger = trigger_open(run, module, trigger);
	if (device->trigger < 0) {
		close(device->fd);
		return -1;
	}
	return 0;
}

static int prepare(struct bench_run *run)
{
	return open_device(run, DEVICE, 0, "chardev", "produce");
}

static int prepare_nonblock(struct bench_run *run)
{
	return open_device(run, DEVICE, O_NONBLOCK, "chardev", "produce");
}

static void finish(struct bench_run *run)
{
	const struct device *device = run->state;

	close(device->trigger);
	close(device->fd);
}

static int prepare_epoll(struct bench_run *run)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	struct device *device = run->state;

	if (prepare(run))
		return -1;
	device->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (device->epoll < 0) {
		bench_fail(run, errno, "epoll_create1");
		goto finish;
	}
	if (epoll_ctl(device->epoll, EPOLL_CTL_ADD, device->fd, &wanted)) {
		bench_fail(run, errno, "epoll_ctl");
		goto close_epoll;
	}
	return 0;

close_epoll:
	close(device->epoll);
finish:
	finish(run);
	return -1;
}

static void finish_epoll(struct bench_run *run)
{
	const struct device *device = run->state;

	close(device->epoll);
	finish(run);
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

static int receive_poll(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return timed_poll(run, device->fd, POLLIN, seq) ? -1 : plain_read(run, device->fd, seq);
}

static int receive_epoll(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return timed_epoll(run, device->epoll, seq) ? -1 : plain_read(run, device->fd, seq);
}

static int prepare_ring_to_user(struct bench_run *run)
{
	struct device *device = run->state;

	if (open_device(run, RING_DEVICE, 0, "chardev-ring", "produce"))
		return -1;
	if (ring_view_open(run, &device->ring, device->fd, RINGCROSS_RING_TO_USER_HEADER,
			   RINGCROSS_RING_TO_USER_SLOTS, PROT_READ)) {
		finish(run);
		return -1;
	}
	return 0;
}

static int prepare_ring_to_kernel(struct bench_run *run)
{
	struct device *device = run->state;

	if (open_device(run, RING_DEVICE, 0, "chardev-ring", "consume"))
		return -1;
	if (ring_view_open(run, &device->ring, device->fd, RINGCROSS_RING_TO_KERNEL_HEADER,
			   RINGCROSS_RING_TO_KERNEL_SLOTS, PROT_READ | PROT_WRITE)) {
		finish(run);
		return -1;
	}
	return 0;
}

static void finish_ring(struct bench_run *run)
{
	const struct device *device = run->state;

	ring_view_close(&device->ring);
	finish(run);
}

static int send_ring(struct bench_run *run, uint64_t seq)
{
	struct device *device = run->state;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;
	bool room;

	bench_compose(run, seq);
	start = window_open();
	room = ring_view_put(&device->ring, out, bytes);
	end = window_close();
	if (!room)
		return bench_fail(run, EAGAIN, "ring");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

/* The kernel receives: its window is the module's. */
static int consume(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return trigger_consume(run, device->trigger, seq);
}

static int send_doorbell(struct bench_run *run, uint64_t seq)
{
	struct device *device = run->state;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	const int fd = device->fd;
	uint64_t start;
	uint64_t end;
	long taken;
	bool room;

	bench_compose(run, seq);
	start = window_open();
	room = ring_view_put(&device->ring, out, bytes);
	taken = sys3(SYS_ioctl, fd, RINGCROSS_RING_DOORBELL, 0);
	end = window_close();
	if (!room)
		return bench_fail(run, EAGAIN, "ring");
	if (taken != 1)
		return bench_fail_result(run, taken, "ioctl");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

/* A look at the index finds the message: it was published before. */
static int receive_ring(struct bench_run *run, uint64_t seq)
{
	struct device *device = run->state;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	uint32_t got;

	start = window_open();
	got = ring_view_take(&device->ring, in, bytes);
	end = window_close();
	if (got != bytes)
		return bench_fail(run, EBADMSG, "ring");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

static int receive_ring_poll(struct bench_run *run, uint64_t seq)
{
	struct device *device = run->state;

	if (timed_poll(run, device->fd, POLLIN, seq))
		return -1;
	if (ring_view_take(&device->ring, run->in, run->bytes) != run->bytes)
		return bench_fail(run, EBADMSG, "ring");
	return bench_verify(run, run->in, seq);
}

static long take_ring(struct bench_run *run)
{
	struct device *device = run->state;
	const uint32_t got = ring_view_take(&device->ring, run->in, run->bytes);

	return got ? (long)got : -EAGAIN;
}

static int readable(const struct bench_run *run)
{
	const struct device *device = run->state;

	return device->fd;
}

#define SIZES .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, .state_bytes = sizeof(struct device)
#define COMMON SIZES, .prepare = prepare, .finish = finish
#define NONBLOCK SIZES, .prepare = prepare_nonblock, .finish = finish
#define EPOLL SIZES, .prepare = prepare_epoll, .finish = finish_epoll
#define RING_U2K .direction = U2K, SIZES, .prepare = prepare_ring_to_kernel, .finish = finish_ring
#define RING_K2U .direction = K2U, SIZES, .prepare = prepare_ring_to_user, .finish = finish_ring

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, COMMON, .send = send_write, .receive = read_back },
	{ .variant = "write-nonblock", .direction = U2K, NONBLOCK, .send = send_write, .receive = read_back },
	{ .variant = "ring", RING_U2K, .send = send_ring, .receive = consume },
	{ .variant = "ring-doorbell", RING_U2K, .send = send_doorbell },
	{ .variant = "direct", .direction = K2U, COMMON, .send = produce, .receive = receive_read },
	{ .variant = "nonblock", .direction = K2U, NONBLOCK, .send = produce, .receive = receive_read },
	{ .variant = "blocking",
	  .direction = K2U,
	  COMMON,
	  .blocking = true,
	  .send = produce,
	  .receive = receive_read },
	{ .variant = "poll",
	  .direction = K2U,
	  COMMON,
	  .blocking = true,
	  .send = produce,
	  .receive = receive_poll },
	{ .variant = "epoll",
	  .direction = K2U,
	  EPOLL,
	  .blocking = true,
	  .send = produce,
	  .receive = receive_epoll },
	{ .variant = "ring", RING_K2U, .send = produce, .receive = receive_ring },
	{ .variant = "ring-poll", RING_K2U, .blocking = true, .send = produce, .receive = receive_ring_poll },
	{ .variant = "load-ring", RING_K2U, .module = "chardev-ring", .take = take_ring, .readable = readable },
};

MECHANISM(chardev, .name = "chardev", .benches = benches, .bench_count = ARRAY_SIZE(benches));
