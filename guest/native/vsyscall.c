// SPDX-License-Identifier: MIT
/*
 * The vsyscall page: three calls at fixed addresses, kept for old programs and
 * emulated by a fault (arch/x86/entry/vsyscall/vsyscall_64.c). Beside each call
 * stand the vDSO function and the system call that do the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "bench.h"
#include "guard.h"
#include "vdso-image.h"

#define PAGE_ADDRESS 0xffffffffff600000ul
#define PAGE_BYTES 4096
#define GETTIMEOFDAY_AT 0x000ul
#define TIME_AT 0x400ul

/* Every call here takes up to two pointers and returns a long in rax; unused argument registers do no harm. */
typedef long (*entry)(void *first, void *second);

struct call {
	/* Offset in the page, function in the vDSO, number: three doors to one service. */
	unsigned long offset;
	const char *symbol;
	long number;
};

static const struct call call_gettimeofday = { GETTIMEOFDAY_AT, "__vdso_gettimeofday", SYS_gettimeofday };
static const struct call call_time = { TIME_AT, "__vdso_time", SYS_time };

struct target {
	entry at;
	long number;
};

struct attempt {
	entry at;
	void *first;
	void *second;
	long result;
};

static entry page_entry(unsigned long offset)
{
	return (entry)(PAGE_ADDRESS + offset);
}

static void execute(void *argument)
{
	struct attempt *attempt = argument;

	attempt->result = attempt->at(attempt->first, attempt->second);
}

static int prepare_call(struct bench_run *run)
{
	const struct call *call = run->bench->data;
	struct target *target = run->state;

	target->number = call->number;
	return 0;
}

static int prepare_vdso(struct bench_run *run)
{
	const struct call *call = run->bench->data;
	struct target *target = run->state;

	target->at = (entry)vdso_symbol(call->symbol);
	return target->at ? 0 : bench_fail(run, ENOSYS, call->symbol);
}

/* A kernel without the page answers with SIGSEGV, which must not happen inside a window. */
static int prepare_page(struct bench_run *run)
{
	const struct call *call = run->bench->data;
	struct target *target = run->state;
	struct attempt attempt = { .at = page_entry(call->offset) };

	if (guarded(execute, &attempt))
		return bench_fail(run, EFAULT, "vsyscall page");
	target->at = attempt.at;
	return 0;
}

/* Seconds in rax for time; 0 in rax and a filled timeval for gettimeofday. */
static int check(struct bench_run *run, long result, const struct timeval *now)
{
	const struct call *call = run->bench->data;
	const long seconds = call == &call_time ? result : now->tv_sec;

	if (result < 0 || seconds <= 0)
		return bench_fail_result(run, result, call->symbol);
	return 0;
}

static void *first_argument(const struct bench_run *run, struct timeval *now)
{
	return run->bench->data == &call_time ? NULL : now;
}

static int receive_function(struct bench_run *run, uint64_t seq)
{
	const struct target *target = run->state;
	const entry at = target->at;
	struct timeval now = { 0 };
	void *first = first_argument(run, &now);
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = at(first, NULL);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check(run, result, &now);
}

static int receive_call(struct bench_run *run, uint64_t seq)
{
	const struct target *target = run->state;
	const long number = target->number;
	struct timeval now = { 0 };
	void *first = first_argument(run, &now);
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = sys2(number, (long)first, 0);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check(run, result, &now);
}

#define THREE_DOORS(name, call, bytes)                                                                 \
	{ .variant = name "-page", COMMON(call, bytes), .prepare = prepare_page, .receive = receive_function }, \
	{ .variant = name "-vdso", COMMON(call, bytes), .prepare = prepare_vdso, .receive = receive_function }, \
	{ .variant = name "-syscall", COMMON(call, bytes), .prepare = prepare_call, .receive = receive_call }

#define COMMON(call, bytes)                                                                            \
	.direction = K2U, .min_bytes = bytes, .max_bytes = bytes, .state_bytes = sizeof(struct target), .data = &call

static const struct bench benches[] = {
	THREE_DOORS("gettimeofday", call_gettimeofday, sizeof(struct timeval)),
	THREE_DOORS("time", call_time, sizeof(time_t)),
};

/* execute(offset, first, second): calls into the page; the result, or the signal that it brought. */
static int64_t probe_execute(const int64_t args[4], int *signal)
{
	struct attempt attempt = { .first = (void *)args[1], .second = (void *)args[2] };

	if (args[0] < 0 || args[0] >= PAGE_BYTES)
		return -EINVAL;
	attempt.at = page_entry((unsigned long)args[0]);
	*signal = guarded(execute, &attempt);
	return attempt.result;
}

static void read_byte(void *argument)
{
	unsigned char *byte = argument;

	*byte = *(const volatile unsigned char *)PAGE_ADDRESS;
}

/* read(): the first byte of the page, or the signal that reading it brought. */
static int64_t probe_read(const int64_t args[4], int *signal)
{
	unsigned char byte = 0;

	(void)args;
	*signal = guarded(read_byte, &byte);
	return byte;
}

static void store_byte(void *argument)
{
	(void)argument;
	*(volatile unsigned char *)PAGE_ADDRESS = 0;
}

/* store(): 0 when the first byte of the page could be written, or the signal that writing it brought. */
static int64_t probe_store(const int64_t args[4], int *signal)
{
	(void)args;
	*signal = guarded(store_byte, NULL);
	return 0;
}

static const struct probe probes[] = {
	{ "execute", probe_execute },
	{ "read", probe_read },
	{ "store", probe_store },
};

MECHANISM(vsyscall, .name = "vsyscall", .benches = benches, .bench_count = ARRAY_SIZE(benches),
	  .probes = probes, .probe_count = ARRAY_SIZE(probes));
