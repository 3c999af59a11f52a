/* SPDX-License-Identifier: MIT */
/* Between the files that run a bench: its memory, its threads, its messages. */
#ifndef RUNNER_H
#define RUNNER_H

#include <pthread.h>

#include "bench.h"

#define STACK_BYTES (256u << 10)

/*
 * A moment of nothing. Not PAUSE, at which an emulator leaves its translated code: a spinning thread of the
 * `instructions` lens would take a hundred times as long for the same count.
 */
static inline void spin(void)
{
	for (int i = 0; i < 100; i++)
		__asm__ volatile("");
}

/* arena.c: all memory that the windows use. Released by bench_release, whatever came of it. */
int arena_prepare(struct bench_run *run);

/* turns.c: warm-up and kept messages, on the calling thread and, for a blocking bench, one more. */
int take_turns(struct bench_run *run);

/* open-loop.c: what is offered and what of it arrives, on the calling thread and, for a sender in user space, one more. */
int run_open_loop(struct bench_run *run);

/* runner.c: the calling thread's priority, so much below that of a bench. */
int set_priority(struct bench_run *run, int below);

/* runner.c: a thread on the locked stack of its side, with the caller's CPU and priority. */
int start_thread(struct bench_run *run, enum side side, void *(*entry)(void *), pthread_t *thread);

#endif
