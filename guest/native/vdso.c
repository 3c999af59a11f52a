// SPDX-License-Identifier: MIT
/*
 * The vDSO, vdso(7): functions of the kernel that run in user space on data the
 * kernel keeps up to date. Each stands beside the system call that it spares.
 *
 * Whether a clock is really read in user space is asked of the kernel, not
 * guessed from the cost: with syscall user dispatch on, a system call made by
 * the vDSO itself raises SIGSYS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench.h"
#include "guard.h"
#include "vdso-image.h"

typedef long (*clock_entry)(clockid_t clock, struct timespec *now);
typedef long (*getcpu_entry)(unsigned int *cpu, unsigned int *node, void *unused);
typedef long (*time_entry)(time_t *now);

#define CLOCK_SYMBOL "__vdso_clock_gettime"
#define GETCPU_SYMBOL "__vdso_getcpu"
#define TIME_SYMBOL "__vdso_time"

static const clockid_t realtime = CLOCK_REALTIME;
static const clockid_t monotonic = CLOCK_MONOTONIC;
static const clockid_t realtime_coarse = CLOCK_REALTIME_COARSE;
static const clockid_t monotonic_coarse = CLOCK_MONOTONIC_COARSE;

struct target {
	void *at;
};

static int prepare_symbol(struct bench_run *run, const char *symbol)
{
	struct target *target = run->state;

	target->at = vdso_symbol(symbol);
	return target->at ? 0 : bench_fail(run, ENOSYS, symbol);
}

static int prepare_clock(struct bench_run *run)
{
	return prepare_symbol(run, CLOCK_SYMBOL);
}

static int prepare_getcpu(struct bench_run *run)
{
	return prepare_symbol(run, GETCPU_SYMBOL);
}

static int prepare_time(struct bench_run *run)
{
	return prepare_symbol(run, TIME_SYMBOL);
}

/* Every clock counts from boot or from 1970, and the first message comes later than either. */
static int check_clock(struct bench_run *run, long result, const struct timespec *now)
{
	if (result || (now->tv_sec <= 0 && now->tv_nsec <= 0))
		return bench_fail_result(run, result, "clock_gettime");
	return 0;
}

static int receive_clock_vdso(struct bench_run *run, uint64_t seq)
{
	const struct target *target = run->state;
	const clock_entry at = (clock_entry)target->at;
	const clockid_t clock = *(const clockid_t *)run->bench->data;
	struct timespec now = { 0 };
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = at(clock, &now);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_clock(run, (int)result, &now);
}

static int receive_clock_syscall(struct bench_run *run, uint64_t seq)
{
	const clockid_t clock = *(const clockid_t *)run->bench->data;
	struct timespec now = { 0 };
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = sys2(SYS_clock_gettime, clock, (long)&now);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_clock(run, result, &now);
}

/* The thread is pinned, so the answer is known. */
static int check_cpu(struct bench_run *run, long result, unsigned int cpu)
{
	if (result || cpu != (unsigned int)run->cpu)
		return bench_fail_result(run, result, "getcpu");
	return 0;
}

static int receive_getcpu_vdso(struct bench_run *run, uint64_t seq)
{
	const struct target *target = run->state;
	const getcpu_entry at = (getcpu_entry)target->at;
	unsigned int cpu = ~0u;
	unsigned int node = ~0u;
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = at(&cpu, &node, NULL);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_cpu(run, (int)result, cpu);
}

static int receive_getcpu_syscall(struct bench_run *run, uint64_t seq)
{
	unsigned int cpu = ~0u;
	unsigned int node = ~0u;
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = sys3(SYS_getcpu, (long)&cpu, (long)&node, 0);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_cpu(run, result, cpu);
}

static int receive_time_vdso(struct bench_run *run, uint64_t seq)
{
	const struct target *target = run->state;
	const time_entry at = (time_entry)target->at;
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = at(NULL);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return result > 0 ? 0 : bench_fail_result(run, result, "time");
}

static int receive_time_syscall(struct bench_run *run, uint64_t seq)
{
	uint64_t start;
	uint64_t end;
	long result;

	start = window_open();
	result = sys2(SYS_time, 0, 0);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return result > 0 ? 0 : bench_fail_result(run, result, "time");
}

#define CLOCK(name, clock)                                                                             \
	{ .variant = name "-vdso", RESULT(struct timespec), .data = &clock,                            \
	  .prepare = prepare_clock, .receive = receive_clock_vdso },                                   \
	{ .variant = name "-syscall", RESULT(struct timespec), .data = &clock, .receive = receive_clock_syscall }

/* What crosses is the answer, and its size is the message's. */
#define RESULT(type)                                                                                   \
	.direction = K2U, .min_bytes = sizeof(type), .max_bytes = sizeof(type), .state_bytes = sizeof(struct target)

static const struct bench benches[] = {
	CLOCK("monotonic", monotonic),
	CLOCK("realtime", realtime),
	CLOCK("monotonic-coarse", monotonic_coarse),
	CLOCK("realtime-coarse", realtime_coarse),
	{ .variant = "getcpu-vdso",
	  RESULT(unsigned int[2]),
	  .prepare = prepare_getcpu,
	  .receive = receive_getcpu_vdso },
	{ .variant = "getcpu-syscall", RESULT(unsigned int[2]), .receive = receive_getcpu_syscall },
	{ .variant = "time-vdso", RESULT(time_t), .prepare = prepare_time, .receive = receive_time_vdso },
	{ .variant = "time-syscall", RESULT(time_t), .receive = receive_time_syscall },
};

/* clock_gettime(clock): nanoseconds, as the vDSO tells them. */
static int64_t probe_clock_gettime(const int64_t args[4], int *signal)
{
	const clock_entry at = (clock_entry)vdso_symbol(CLOCK_SYMBOL);
	struct timespec now;
	int result;

	(void)signal;
	if (!at)
		return -ENOSYS;
	result = (int)at((clockid_t)args[0], &now);
	return result ? result : (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct reading {
	clock_entry at;
	clockid_t clock;
	struct timespec *now;
	long result;
};

static void read_clock(void *argument)
{
	struct reading *reading = argument;

	reading->result = (int)reading->at(reading->clock, reading->now);
}

/* clock_gettime_at(clock, address): stores the time there, or tells the signal that it brought. */
static int64_t probe_clock_gettime_at(const int64_t args[4], int *signal)
{
	struct reading reading = {
		.at = (clock_entry)vdso_symbol(CLOCK_SYMBOL),
		.clock = (clockid_t)args[0],
		.now = (struct timespec *)args[1],
	};

	if (!reading.at)
		return -ENOSYS;
	*signal = guarded(read_clock, &reading);
	return reading.result;
}

/* getcpu(): the CPU, as the vDSO tells it. */
static int64_t probe_getcpu(const int64_t args[4], int *signal)
{
	const getcpu_entry at = (getcpu_entry)vdso_symbol(GETCPU_SYMBOL);
	unsigned int cpu;
	int result;

	(void)args;
	(void)signal;
	if (!at)
		return -ENOSYS;
	result = (int)at(&cpu, NULL, NULL);
	return result ? result : (int64_t)cpu;
}

/* time(): seconds, as the vDSO tells them. */
static int64_t probe_time(const int64_t args[4], int *signal)
{
	const time_entry at = (time_entry)vdso_symbol(TIME_SYMBOL);

	(void)args;
	(void)signal;
	return at ? (int64_t)at(NULL) : -ENOSYS;
}

/* From include/uapi/linux/prctl.h, Linux 5.11: older headers lack them. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
#define DISPATCH_ALLOW 0
#define DISPATCH_BLOCK 1

/* Read by the kernel at every system call of the thread while dispatch is on. */
static _Thread_local volatile char dispatch;
static _Thread_local volatile sig_atomic_t dispatched;

/* The return from here is a system call itself, so dispatch ends first. The blocked call is not made. */
static void note_system_call(int signal)
{
	(void)signal;
	dispatch = DISPATCH_ALLOW;
	dispatched = 1;
}

/* makes-system-call(clock): 1 when the vDSO left the clock to the kernel, 0 when it read it itself. */
static int64_t probe_makes_system_call(const int64_t args[4], int *signal)
{
	const clock_entry at = (clock_entry)vdso_symbol(CLOCK_SYMBOL);
	const clockid_t clock = (clockid_t)args[0];
	struct sigaction action = { .sa_handler = note_system_call };
	struct sigaction previous;
	struct timespec now;

	(void)signal;
	if (!at)
		return -ENOSYS;
	dispatch = DISPATCH_ALLOW;
	dispatched = 0;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &dispatch))
		return -errno;
	sigaction(SIGSYS, &action, &previous);
	dispatch = DISPATCH_BLOCK;
	at(clock, &now);
	dispatch = DISPATCH_ALLOW;
	sigaction(SIGSYS, &previous, NULL);
	prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
	return dispatched;
}

static const struct probe probes[] = {
	{ "clock_gettime", probe_clock_gettime },
	{ "clock_gettime_at", probe_clock_gettime_at },
	{ "getcpu", probe_getcpu },
	{ "time", probe_time },
	{ "makes-system-call", probe_makes_system_call },
};

MECHANISM(vdso, .name = "vdso", .benches = benches, .bench_count = ARRAY_SIZE(benches), .probes = probes,
	  .probe_count = ARRAY_SIZE(probes));
