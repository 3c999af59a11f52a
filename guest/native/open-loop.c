// SPDX-License-Identifier: MIT
/*
 * An experiment on reliability: one side offers messages at its own pace, and the other takes what
 * arrives. Nothing that either is told ends it; it is noted, for the account of every message.
 *
 * Both are on one CPU. Whoever offers has the higher priority, as a device that interrupts has: a
 * message that is due is sent whatever the receiver is at, on machines with one CPU and with
 * several alike. The receiver works on each message it has taken for its service time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"
#include "trigger.h"

#define NANOSECONDS 1000000000ull
/* HZ is 100. */
#define TICK (NANOSECONDS / 100)
/* As ringcross_first_due() in kmod/include/ringcross.h: a sender's messages are due so long after a tick. */
#define SENDER_PHASE 5000u
/*
 * The receiver's time goes in steps, at whose ends it takes the next message: far from when one is sent, where
 * periods are so many steps too. Else who comes first would hang on a few instructions, and a loss with it.
 */
#define STEP 40000u
#define RECEIVER_PHASE 35000u
/* The end of a worker wakes nobody: its reader looks again. */
#define PATIENCE_MS 1
/* Before the end of a step, so that whoever sleeps is up by then. */
#define EARLY 10000u

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

/* Notes a window or an error. What a side has no room for any more is beyond what can have been sent. */
static int note(struct bench_run *run, enum side side, uint64_t seq, uint64_t start, uint64_t end)
{
	struct bench_side *log = &run->side[side];

	if (log->count == log->capacity)
		return bench_fail(run, EOVERFLOW, "log");
	log->stamps[log->count++] = (struct ringcross_stamp){ .seq = seq, .start = start, .end = end };
	return 0;
}

/* Not at all where that has passed: even then a sleep lets others run. */
static void sleep_until(uint64_t due)
{
	const struct timespec time = {
		.tv_sec = (time_t)(due / NANOSECONDS),
		.tv_nsec = (long)(due % NANOSECONDS),
	};

	while (now() < due)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

/* The thread of a sender in user space, whose priority is that of a bench. */
static void *sender_main(void *argument)
{
	struct bench_run *run = argument;
	/* In the middle between two ticks, as a module's worker begins. */
	uint64_t due = (now() / TICK + 1) * TICK + TICK / 2 + SENDER_PHASE;

	ringcross_message_fill(run->out, run->bytes, 0);
	for (uint64_t seq = 0; seq < run->messages; seq++) {
		uint64_t start;
		uint64_t end;
		long result;

		ringcross_message_set_seq(run->out, seq);
		sleep_until(due);
		start = window_open();
		result = run->bench->offer(run);
		end = window_close();
		if (result < 0 ? note(run, REFUSED, seq, start, (uint64_t)-result) :
				 note(run, SENT, seq, start, end))
			break;
		due += (uint64_t)run->period;
	}
	atomic_store(&run->sending_over, true);
	return NULL;
}

/* The kernel's thread, which goes on by itself. */
static int order_worker(struct bench_run *run, int worker)
{
	char words[128];
	int length;
	long done;

	length = snprintf(words, sizeof(words), "produce %zu 0 %llu%s", run->bytes, (unsigned long long)run->messages,
			  run->realtime ? " fifo" : "");
	if (run->period >= 0)
		length += snprintf(words + length, sizeof(words) - (size_t)length, " every %lld",
				   (long long)run->period);
	done = sys_write(worker, words, (size_t)length);
	return done == length ? 0 : bench_fail_result(run, done, "write");
}

/* Whether all has been offered; also when the run has failed. */
static bool is_over(struct bench_run *run, int worker)
{
	long long done;

	if (worker < 0)
		return atomic_load(&run->sending_over);
	done = trigger_worker_done(run, worker);
	return done < 0 || done == (long long)run->messages;
}

/* The work that a message makes, from the step in which it was taken. The sender's time counts too, as that of an interrupt does. */
static void serve(uint64_t nanoseconds)
{
	const uint64_t start = now();
	const uint64_t end = start - (start - RECEIVER_PHASE) % STEP + nanoseconds;

	while (now() < end)
		spin();
}

/* Waits for a message, or a while. Where nobody would wake the reader, until the end of the step. */
static void wait_for_message(struct bench_run *run)
{
	struct pollfd entry = { .events = POLLIN };
	uint64_t end;

	if (run->bench->readable) {
		entry.fd = run->bench->readable(run);
		sys3(SYS_poll, (long)&entry, 1, PATIENCE_MS);
		return;
	}
	end = now() + EARLY;
	end += STEP - (end - RECEIVER_PHASE) % STEP;
	sleep_until(end - EARLY);
	while (now() < end)
		spin();
}

static int accept_message(struct bench_run *run, long bytes, uint64_t start, uint64_t end)
{
	if (bytes != (long)run->bytes || !ringcross_message_intact(run->in, run->bytes))
		run->corrupted++;
	return note(run, RECEIVED, ringcross_message_seq(run->in), start, end);
}

/* Until nothing is left after everything has been offered. */
static int take_all(struct bench_run *run, int worker)
{
	bool over = false;

	for (;;) {
		const uint64_t start = window_open();
		const long got = run->bench->take(run);
		const uint64_t end = window_close();
		int error = 0;

		if (got > 0) {
			error = accept_message(run, got, start, end);
			if (run->service)
				serve(run->service);
		} else if (got == -EAGAIN) {
			if (over)
				return 0;
			/* Asked before the last look, so that nothing comes after that. */
			over = is_over(run, worker);
			if (!over)
				wait_for_message(run);
		} else if (got < 0) {
			error = note(run, NOTICED, run->side[RECEIVED].count, start, (uint64_t)-got);
		}
		if (error || atomic_load(&run->failed))
			return -1;
	}
}

static int take_from_worker(struct bench_run *run)
{
	const int worker = trigger_open(run, run->bench->module, "worker");
	int result;

	if (worker < 0)
		return -1;
	result = order_worker(run, worker) || set_priority(run, 1) ? -1 : take_all(run, worker);
	/* It has ended by itself, or must be ended: whoever comes next finds none. */
	if (sys_write(worker, "stop", 4) != 4)
		result = bench_fail(run, EBUSY, "worker");
	close(worker);
	return result;
}

static int take_from_thread(struct bench_run *run)
{
	pthread_t sender;
	int result;

	/* The calling thread has the one stack, this one the other, whatever their names. */
	if (start_thread(run, RECEIVED, sender_main, &sender))
		return -1;
	result = set_priority(run, 1) ? -1 : take_all(run, -1);
	pthread_join(sender, NULL);
	return result;
}

int run_open_loop(struct bench_run *run)
{
	return run->bench->module ? take_from_worker(run) : take_from_thread(run);
}
