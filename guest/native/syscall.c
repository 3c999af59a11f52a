// SPDX-License-Identifier: MIT
/*
 * The border itself: a call that does nothing, through both entries, and a call
 * that copies a payload each way. The payload goes to and from the page cache of
 * a memfd, the plainest file there is: entry, lookup of a cached page, one copy.
 * (`write` to /dev/null copies nothing, so it would show the same as `getppid`.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "guard.h"

/* From arch/x86/entry/syscalls/syscall_32.tbl. */
#define NR32_GETPPID 64

struct parent {
	long pid;
};

static void getppid_by_int80(void *result)
{
	*(long *)result = sys_int80(NR32_GETPPID, 0, 0, 0, 0, 0);
}

static int prepare_getppid(struct bench_run *run)
{
	struct parent *parent = run->state;

	parent->pid = getppid();
	return 0;
}

/* A kernel without the 32-bit entry answers with a signal, one with the table missing by ENOSYS. */
static int prepare_int80(struct bench_run *run)
{
	long pid;

	if (guarded(getppid_by_int80, &pid) || pid != getppid())
		return bench_fail(run, ENOSYS, "int80");
	return prepare_getppid(run);
}

static int send_getppid(struct bench_run *run, uint64_t seq)
{
	const struct parent *parent = run->state;
	const uint64_t start = window_open();
	const long pid = sys0(SYS_getppid);
	const uint64_t end = window_close();

	if (pid != parent->pid)
		return bench_fail_result(run, pid, "getppid");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int send_int80(struct bench_run *run, uint64_t seq)
{
	const struct parent *parent = run->state;
	const uint64_t start = window_open();
	const long pid = sys_int80(NR32_GETPPID, 0, 0, 0, 0, 0);
	const uint64_t end = window_close();

	if (pid != parent->pid)
		return bench_fail_result(run, pid, "getppid");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

struct file {
	int fd;
};

static int prepare_memfd(struct bench_run *run)
{
	struct file *file = run->state;

	file->fd = memfd_create("ringcross", MFD_CLOEXEC);
	return file->fd < 0 ? bench_fail(run, errno, "memfd_create") : 0;
}

static void finish_memfd(struct bench_run *run)
{
	const struct file *file = run->state;

	close(file->fd);
}

static int put(struct bench_run *run, uint64_t seq, bool timed)
{
	const struct file *file = run->state;
	const int fd = file->fd;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;
	long done;

	bench_compose(run, seq);
	start = window_open();
	done = sys4(SYS_pwrite64, fd, (long)out, (long)bytes, 0);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "pwrite64");
	if (timed)
		bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int get(struct bench_run *run, uint64_t seq, bool timed)
{
	const struct file *file = run->state;
	const int fd = file->fd;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys4(SYS_pread64, fd, (long)in, (long)bytes, 0);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "pread64");
	if (timed)
		bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

/* Both ways write and then read back; what is measured is one of the two. */
static int send_timed(struct bench_run *run, uint64_t seq)
{
	return put(run, seq, true);
}

static int send_untimed(struct bench_run *run, uint64_t seq)
{
	return put(run, seq, false);
}

static int receive_timed(struct bench_run *run, uint64_t seq)
{
	return get(run, seq, true);
}

static int receive_untimed(struct bench_run *run, uint64_t seq)
{
	return get(run, seq, false);
}

#define PAYLOAD .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = 1 << 20, .state_bytes = sizeof(struct file)

static const struct bench benches[] = {
	{ .variant = "getppid",
	  .direction = U2K,
	  .state_bytes = sizeof(struct parent),
	  .prepare = prepare_getppid,
	  .send = send_getppid },
	{ .variant = "getppid-int80",
	  .direction = U2K,
	  .state_bytes = sizeof(struct parent),
	  .prepare = prepare_int80,
	  .send = send_int80 },
	{ .variant = "pwrite-memfd",
	  .direction = U2K,
	  PAYLOAD,
	  .prepare = prepare_memfd,
	  .send = send_timed,
	  .receive = receive_untimed,
	  .finish = finish_memfd },
	{ .variant = "pread-memfd",
	  .direction = K2U,
	  PAYLOAD,
	  .prepare = prepare_memfd,
	  .send = send_untimed,
	  .receive = receive_timed,
	  .finish = finish_memfd },
};

MECHANISM(syscall, .name = "syscall", .benches = benches, .bench_count = ARRAY_SIZE(benches));
