// SPDX-License-Identifier: MIT
/* Runs a bench: memory, CPU and priority, then the empty windows, then the messages. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "runner.h"

/* Above every other task of a guest but the kernel's own stop and migration threads. */
#define FIFO_PRIORITY 50

/* The CPU asked for, or the last one that this process may use. */
static int choose_cpu(struct bench_run *run)
{
	cpu_set_t cpus;

	if (run->cpu >= 0)
		return 0;
	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return bench_fail(run, errno, "sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			run->cpu = cpu;
	return 0;
}

/* For the calling thread; threads that it creates inherit both. */
static int pin(struct bench_run *run)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(run->cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? bench_fail(run, errno, "sched_setaffinity") : 0;
}

int set_priority(struct bench_run *run, int below)
{
	const struct sched_param priority = { .sched_priority = FIFO_PRIORITY - below };

	if (run->realtime && sched_setscheduler(0, SCHED_FIFO, &priority))
		return bench_fail(run, errno, "sched_setscheduler");
	return 0;
}

static int compare_ticks(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Median of as many empty windows as there are messages. */
static void measure_overhead(struct bench_run *run)
{
	for (uint64_t i = 0; i < run->messages; i++) {
		const uint64_t start = window_open();

		run->empty[i] = window_close() - start;
	}
	qsort(run->empty, run->messages, sizeof(*run->empty), compare_ticks);
	run->overhead = run->empty[run->messages / 2];
}

int start_thread(struct bench_run *run, enum side side, void *(*entry)(void *), pthread_t *thread)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	error = pthread_attr_setstack(&attributes, run->stack[side], STACK_BYTES);
	if (!error)
		error = pthread_create(thread, &attributes, entry, run);
	pthread_attr_destroy(&attributes);
	return error ? bench_fail(run, error, "pthread_create") : 0;
}

/*
 * Wants the CPU all the time and never gets it. When a real-time task blocks or wakes, the scheduler
 * takes all such tasks off the count of runnable ones and puts them back, and goes a few instructions
 * further when that count rises from below two (add_nr_running in kernel/sched/sched.h). With two
 * others always waiting it never does; without them it would depend on what daemons happen to do.
 */
static void *company_main(void *argument)
{
	struct bench_run *run = argument;

	while (!atomic_load(&run->done))
		spin();
	return NULL;
}

struct company {
	pthread_t threads[2];
	size_t count;
};

/* Created from a real-time thread, they do not start before it has ended or blocked. */
static int gather_company(struct bench_run *run, struct company *company)
{
	pthread_attr_t ordinary;
	int error = 0;

	pthread_attr_init(&ordinary);
	pthread_attr_setinheritsched(&ordinary, PTHREAD_EXPLICIT_SCHED);
	for (; !error && company->count < ARRAY_SIZE(company->threads); company->count += !error)
		error = pthread_create(&company->threads[company->count], &ordinary, company_main, run);
	pthread_attr_destroy(&ordinary);
	return error ? bench_fail(run, error, "pthread_create") : 0;
}

static void dismiss_company(struct bench_run *run, const struct company *company)
{
	atomic_store(&run->done, true);
	for (size_t i = 0; i < company->count; i++)
		pthread_join(company->threads[i], NULL);
}

static void measure(struct bench_run *run)
{
	if (run->bench->prepare && run->bench->prepare(run))
		return;
	measure_overhead(run);
	if (run->bench->take)
		run_open_loop(run);
	else
		take_turns(run);
	if (run->bench->finish)
		run->bench->finish(run);
}

static void *sender_main(void *argument)
{
	struct bench_run *run = argument;
	struct company company = { 0 };

	/* Where others cannot be kept from running, company would only take the CPU away. */
	if (!set_priority(run, 0) && (!run->realtime || !gather_company(run, &company)))
		measure(run);
	dismiss_company(run, &company);
	return NULL;
}

int bench_execute(struct bench_run *run)
{
	pthread_t sender;

	if (arena_prepare(run) || choose_cpu(run) || pin(run) || start_thread(run, SENT, sender_main, &sender))
		return -1;
	pthread_join(sender, NULL);
	return atomic_load(&run->failed) ? -1 : 0;
}
