// SPDX-License-Identifier: MIT
/*
 * Sends and receives the messages of a run, one after the other.
 *
 * Two threads of a blocking bench share one CPU and one FIFO priority, so a wake-up
 * never preempts: the receiver runs when the sender yields, and the sender runs
 * again only when the receiver has blocked in its next call. That needs no sleep,
 * no idle CPU and no second CPU, and happens in the same order every time. In a
 * stream the sender goes on until it blocks itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "runner.h"

static unsigned long thread_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (unsigned long)(usage.ru_minflt + usage.ru_majflt);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/*
 * Until the kernel's timer has just ticked: the coarse clock moves with it. Each run then meets
 * its ticks at the same messages, so how many samples show one does not depend on chance. The last
 * message of the warm-up follows, since the first after a tick also brings a file's times up to date.
 */
static void await_tick(void)
{
	struct timespec first;
	struct timespec now;

	sys2(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, (long)&first);
	do {
		sys2(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, (long)&now);
	} while (same_time(&first, &now));
}

static int run_in_turn(struct bench_run *run)
{
	const struct bench *bench = run->bench;
	const uint64_t total = run->warmup + run->messages;
	unsigned long faults = 0;

	for (uint64_t seq = 0; seq < total; seq++) {
		if (seq == run->warmup - 1) {
			faults = thread_faults();
			await_tick();
		}
		if (bench->send && bench->send(run, seq))
			return -1;
		if (bench->receive && bench->receive(run, seq))
			return -1;
	}
	run->faults += thread_faults() - faults;
	return 0;
}

/* What ends a receiver's wait. libuv and V8 leave real-time signals alone. */
static int interruption(void)
{
	return SIGRTMAX - 1;
}

static void accept_interruption(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, interruption());
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* A stream's sender may be blocked for want of room, which nobody makes any more. */
static void interrupt_sender(struct bench_run *run)
{
	while (!atomic_load(&run->sending_over)) {
		pthread_kill(run->sender, interruption());
		sched_yield();
	}
}

static void *receiver_main(void *argument)
{
	struct bench_run *run = argument;
	const uint64_t total = run->warmup + run->messages;
	unsigned long faults = 0;

	accept_interruption();
	for (uint64_t seq = 0; seq < total; seq++) {
		if (seq == run->warmup - 1)
			faults = thread_faults();
		/* From here to the call's block nothing yields, so a sender that reads this number finds us blocked. */
		atomic_store(&run->awaited, seq + 1);
		if (run->bench->receive(run, seq)) {
			interrupt_sender(run);
			return NULL;
		}
	}
	run->stream_end = window_close();
	run->faults += thread_faults() - faults;
	atomic_store(&run->awaited, total + 1);
	return NULL;
}

/* Until the receiver waits for message `seq`, which is after all earlier ones. False when it gave up. */
static bool receiver_awaits(struct bench_run *run, uint64_t seq)
{
	while (atomic_load(&run->awaited) != seq + 1) {
		if (atomic_load(&run->failed))
			return false;
		sched_yield();
	}
	return true;
}

static int send_all(struct bench_run *run)
{
	const uint64_t total = run->warmup + run->messages;
	unsigned long faults = 0;

	/* After every message, the last one too, nothing but the same few instructions stands before the yield. */
	for (uint64_t seq = 0; receiver_awaits(run, seq); seq++) {
		if (seq == total) {
			run->faults += thread_faults() - faults;
			return 0;
		}
		if (seq == run->warmup - 1) {
			faults = thread_faults();
			await_tick();
		}
		if (run->bench->send(run, seq))
			break;
	}
	return -1;
}

/* The kept messages without a wait between them, once the receiver has taken the last one of the warm-up. */
static int send_stream(struct bench_run *run)
{
	const uint64_t total = run->warmup + run->messages;
	unsigned long faults;

	for (uint64_t seq = 0; seq < run->warmup; seq++)
		if (!receiver_awaits(run, seq) || run->bench->send(run, seq))
			return -1;
	if (!receiver_awaits(run, run->warmup))
		return -1;
	faults = thread_faults();
	await_tick();
	run->stream_start = window_open();
	for (uint64_t seq = run->warmup; seq < total; seq++)
		if (run->bench->send(run, seq))
			return -1;
	run->faults += thread_faults() - faults;
	return receiver_awaits(run, total) ? 0 : -1;
}

static void no_op(int signal)
{
	(void)signal;
}

/* After a failed send the receiver may be blocked for ever: a signal makes its call return EINTR. */
static void join_receiver(pthread_t receiver, bool interrupt)
{
	if (!interrupt) {
		pthread_join(receiver, NULL);
		return;
	}
	while (pthread_tryjoin_np(receiver, NULL) == EBUSY) {
		pthread_kill(receiver, interruption());
		sched_yield();
	}
}

static int run_on_two_threads(struct bench_run *run)
{
	struct sigaction action = { .sa_handler = no_op };
	struct sigaction previous;
	pthread_t receiver;
	int result;

	run->sender = pthread_self();
	accept_interruption();
	sigaction(interruption(), &action, &previous);
	result = start_thread(run, RECEIVED, receiver_main, &receiver);
	if (!result) {
		result = run->bench->stream ? send_stream(run) : send_all(run);
		atomic_store(&run->sending_over, true);
		join_receiver(receiver, result != 0);
	}
	sigaction(interruption(), &previous, NULL);
	return result;
}

int take_turns(struct bench_run *run)
{
	return run->bench->blocking || run->bench->stream ? run_on_two_threads(run) : run_in_turn(run);
}
