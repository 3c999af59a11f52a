/* SPDX-License-Identifier: MIT */
/* Between the files that run a bench: its memory, its threads, its messages. */
#ifndef RUNNER_H
#define RUNNER_H

#include <pthread.h>

#include "bench.h"

#define STACK_BYTES (256u << 10)

/* arena.c: all memory that the windows use. Released by bench_release, whatever came of it. */
int arena_prepare(struct bench_run *run);

/* turns.c: warm-up and kept messages, on the calling thread and, for a blocking bench, one more. */
int take_turns(struct bench_run *run);

/* runner.c: a thread on the locked stack of its side, with the caller's CPU and priority. */
int start_thread(struct bench_run *run, enum side side, void *(*entry)(void *), pthread_t *thread);

#endif
