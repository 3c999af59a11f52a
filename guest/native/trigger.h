/* SPDX-License-Identifier: MIT */
/* The triggers of our modules (kmod/include/ringcross.h): each makes the kernel move one message, now. */
#ifndef TRIGGER_H
#define TRIGGER_H

#include "bench.h"

/* Opens a trigger, such as ("chardev", "produce"): a descriptor, or -1 with the run failed. */
int trigger_open(struct bench_run *run, const char *module, const char *name);

/* Makes the kernel send message `seq`: a new body during warm-up, then only a new number, as bench_compose. */
int trigger_produce(struct bench_run *run, int trigger, uint64_t seq);

/* How many messages of its order a worker has done, whose file `worker` is; -1 with the run failed, also where it did. */
long long trigger_worker_done(struct bench_run *run, int worker);

/* Makes the kernel receive message `seq`; any other is EBADMSG. */
int trigger_consume(struct bench_run *run, int trigger, uint64_t seq);

#endif
