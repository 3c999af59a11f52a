// SPDX-License-Identifier: MIT
/*
 * Messages as arguments of ioctl(2): the module of kmod/ioctl.
 *
 * u2k `none`: the argument is the message. `write`: it points to the message, whose size is
 * part of the command's number. `both`: the same, and the kernel answers into the same
 * place, so that the window holds both ways. `indirect`: it points to a descriptor, which
 * points to the message. The kernel receives inside the call, and stamps that itself.
 *
 * k2u `read`, `indirect`: a trigger puts a message in place, then one timed call fetches it:
 * the kernel sends inside the call, too. `blocking`: the call waits when the trigger is
 * pulled.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../kmod/ioctl/ioctl-commands.h"
#include "bench.h"
#include "trigger.h"

#define DEVICE "/dev/ringcross-ioctl"
/* The module's own limit (max_message) may be lower and is then its EMSGSIZE. */
#define MAX_BYTES (1 << 20)
/* What the number of a command has room for. */
#define MAX_SIZED_BYTES _IOC_SIZEMASK

struct device {
	int fd;
	int trigger;
	struct ringcross_ioctl_descriptor descriptor;
};

static int prepare(struct bench_run *run)
{
	struct device *device = run->state;

	device->fd = open(run->path ? run->path : DEVICE, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		return bench_fail(run, errno, "open");
	device->trigger = trigger_open(run, "ioctl", "produce");
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

/* One call, which must return `expected`; its window is that of `side`. */
static int timed_ioctl(struct bench_run *run, enum side side, uint64_t seq, unsigned int command,
		       uint64_t argument, long expected)
{
	const struct device *device = run->state;
	const int fd = device->fd;
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = sys3(SYS_ioctl, fd, command, (long)argument);
	end = window_close();
	if (result != expected)
		return bench_fail_result(run, result, "ioctl");
	bench_stamp(run, side, seq, start, end);
	return 0;
}

static int send_none(struct bench_run *run, uint64_t seq)
{
	return timed_ioctl(run, SENT, seq, RINGCROSS_IOCTL_NONE, seq, 0);
}

static int send_write(struct bench_run *run, uint64_t seq)
{
	bench_compose(run, seq);
	return timed_ioctl(run, SENT, seq, RINGCROSS_IOCTL_WRITE(run->bytes), (uintptr_t)run->out, 0);
}

static int send_both(struct bench_run *run, uint64_t seq)
{
	bench_compose(run, seq);
	if (timed_ioctl(run, SENT, seq, RINGCROSS_IOCTL_BOTH(run->bytes), (uintptr_t)run->out, 0))
		return -1;
	/* The answer bears the number inverted: what is still there of the question is none. */
	ringcross_message_set_seq(run->out, ~ringcross_message_seq(run->out));
	return bench_verify(run, run->out, seq);
}

/* Address of a descriptor of the message. */
static uintptr_t describe(struct bench_run *run, const void *message)
{
	struct device *device = run->state;

	device->descriptor = (struct ringcross_ioctl_descriptor){
		.address = (uintptr_t)message,
		.bytes = run->bytes,
	};
	return (uintptr_t)&device->descriptor;
}

static int send_indirect(struct bench_run *run, uint64_t seq)
{
	const uintptr_t argument = describe(run, run->out);

	bench_compose(run, seq);
	return timed_ioctl(run, SENT, seq, RINGCROSS_IOCTL_WRITE_INDIRECT, argument, 0);
}

/* Puts the next message in place: the kernel sends it when it is fetched. */
static int produce(struct bench_run *run, uint64_t seq)
{
	const struct device *device = run->state;

	return trigger_produce(run, device->trigger, seq);
}

static int receive_read(struct bench_run *run, uint64_t seq)
{
	const unsigned int command = RINGCROSS_IOCTL_READ(run->bytes);

	if (timed_ioctl(run, RECEIVED, seq, command, (uintptr_t)run->in, (long)run->bytes))
		return -1;
	return bench_verify(run, run->in, seq);
}

static int receive_indirect(struct bench_run *run, uint64_t seq)
{
	const uintptr_t argument = describe(run, run->in);

	if (timed_ioctl(run, RECEIVED, seq, RINGCROSS_IOCTL_READ_INDIRECT, argument, (long)run->bytes))
		return -1;
	return bench_verify(run, run->in, seq);
}

#define COMMON .state_bytes = sizeof(struct device), .prepare = prepare, .finish = finish
#define ARGUMENT .min_bytes = sizeof(uint64_t), .max_bytes = sizeof(uint64_t), COMMON
#define SIZED .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_SIZED_BYTES, COMMON
#define INDIRECT .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, COMMON

static const struct bench benches[] = {
	{ .variant = "none", .direction = U2K, ARGUMENT, .send = send_none },
	{ .variant = "write", .direction = U2K, SIZED, .send = send_write },
	{ .variant = "both", .direction = U2K, SIZED, .send = send_both },
	{ .variant = "indirect", .direction = U2K, INDIRECT, .send = send_indirect },
	{ .variant = "read", .direction = K2U, SIZED, .send = produce, .receive = receive_read },
	{ .variant = "blocking",
	  .direction = K2U,
	  SIZED,
	  .blocking = true,
	  .send = produce,
	  .receive = receive_read },
	{ .variant = "indirect", .direction = K2U, INDIRECT, .send = produce, .receive = receive_indirect },
};

MECHANISM(ioctl, .name = "ioctl", .benches = benches, .bench_count = ARRAY_SIZE(benches));
