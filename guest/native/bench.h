/* SPDX-License-Identifier: MIT */
/*
 * What a mechanism's file provides and what it may use.
 *
 * A bench moves one message at a time: `send` and `receive` each time their own
 * side and store a stamp. The core (turns.c) calls them in turn on one pinned
 * real-time thread or, for a bench whose receiver waits inside the kernel, on
 * two threads of the same CPU and priority.
 *
 * A bench with `take` is an experiment on reliability instead (open-loop.c): one side
 * offers messages, whatever becomes of them, and the other takes what arrives.
 */
#ifndef BENCH_H
#define BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ringcross-message.h"
#include "sys.h"
#include "window.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct bench_run;

enum direction { U2K, K2U, U2U };

struct bench {
	/* Names the bench together with mechanism and direction. */
	const char *variant;
	enum direction direction;
	/* Sizes of a message that make sense; equal where the call fixes them. */
	size_t min_bytes;
	size_t max_bytes;
	/* The receiver has a thread of its own and is blocked in its call whenever `send` is called. */
	bool blocking;
	/* The receiver is a worker of the module, which waits in its call whenever `send` is called. */
	bool worker;
	/* How many receive each message, every one of them stamping its own window; 0 stands for one. */
	unsigned int listeners;
	/*
	 * Both threads go as fast as they can, and one window holds all kept messages: what is found is
	 * their number over its ticks. Neither side stamps anything.
	 */
	bool stream;
	/* What is measured is memory that nobody has touched: there are page faults, and there must be. */
	bool first_touch;
	/* What the bench keeps from prepare to finish: zeroed memory in run->state. */
	size_t state_bytes;
	/* For benches that differ in data only. */
	const void *data;
	/* Every function returns 0, or the negative value of a bench_fail helper. A failed prepare has cleaned up. */
	int (*prepare)(struct bench_run *run);
	/* Either may be absent where user space has no such side. */
	int (*send)(struct bench_run *run, uint64_t seq);
	int (*receive)(struct bench_run *run, uint64_t seq);
	/*
	 * The next message, without waiting, into run->in: its size, 0 for what is dealt with and not
	 * delivered, or the negative errno that the receiver is told; -EAGAIN where there is none.
	 */
	long (*take)(struct bench_run *run);
	/* The descriptor that becomes readable when there is one; absent where nothing does. */
	int (*readable)(const struct bench_run *run);
	/* Who offers them: the worker of a module, by the name of its folder in debugfs, or */
	const char *module;
	/* this, which sends run->out without waiting: 0 or a negative errno. */
	long (*offer)(struct bench_run *run);
	void (*finish)(struct bench_run *run);
};

/* A single question to the machine, for tests of behaviour. Runs on the caller's thread. */
struct probe {
	const char *name;
	/*
	 * Returns a value, or a negative errno. Stores the signal that the kernel answered with, if any;
	 * the value then means nothing. Arguments that were not given are 0.
	 */
	int64_t (*call)(const int64_t args[4], int *signal);
};

struct mechanism {
	const char *name;
	const struct bench *benches;
	size_t bench_count;
	const struct probe *probes;
	size_t probe_count;
};

/* Announces a mechanism to the addon: the linker gathers these pointers, and no list names them. */
#define MECHANISM(identifier, ...)                                                                     \
	static const struct mechanism identifier##_mechanism = { __VA_ARGS__ };                        \
	static const struct mechanism *const identifier##_entry                                        \
		__attribute__((used, section("ringcross_mechanisms"))) = &identifier##_mechanism

/*
 * The last two are errors of an experiment on reliability, with the errno in the place of a stamp's end: of
 * the sender, by message, and of the receiver, by how many messages it had taken.
 */
enum side { SENT, RECEIVED, REFUSED, NOTICED, SIDES };

/* Threads that a run has stacks for. */
#define STACKS 2

/* Stamps of the kept messages, in the order they were taken. */
struct bench_side {
	struct ringcross_stamp *stamps;
	size_t count;
	size_t capacity;
};

struct bench_error {
	int number;
	/* The call that failed, or what was being checked. */
	const char *call;
};

struct bench_run {
	/* What was asked for. */
	const struct mechanism *mechanism;
	const struct bench *bench;
	size_t bytes;
	uint64_t messages;
	uint64_t warmup;
	int cpu;
	bool realtime;
	/* Mechanism's own, such as a device; NULL for the usual one. */
	const char *path;
	/* Of an experiment on reliability: the room between both sides, in the mechanism's unit; 0 for the usual one, */
	uint32_t buffer;
	/* nanoseconds from one message to the next, 0 for at once, negative where the sender waits for the receiver, */
	int64_t period;
	/* and nanoseconds that the receiver takes for each. */
	uint64_t service;

	/* What the bench works with: touched, and locked when real-time. */
	void *state;
	unsigned char *out;
	unsigned char *in;

	/* What came of it. */
	struct bench_side side[SIDES];
	uint64_t overhead;
	/* Start and end of a stream. */
	uint64_t stream_start;
	uint64_t stream_end;
	atomic_ulong faults;
	/* Of an experiment on reliability: delivered with a wrong checksum; recognised as already delivered. */
	uint64_t corrupted;
	uint64_t recognised;
	atomic_bool failed;
	struct bench_error error;

	/* The core's own. */
	void *arena;
	size_t arena_bytes;
	size_t arena_used;
	atomic_ullong awaited;
	pthread_t sender;
	atomic_bool sending_over;
	uint64_t *empty;
	void *stack[STACKS];
	/* Nothing is left to measure. */
	atomic_bool done;
};

/* Puts message `seq` into run->out: whole during warm-up, afterwards only its number changes. */
void bench_compose(struct bench_run *run, uint64_t seq);

/* Judges a received message: its number always, its checksum during warm-up. */
int bench_verify(struct bench_run *run, const void *message, uint64_t seq);

/* Stores a window, unless the message is one of the warm-up. */
void bench_stamp(struct bench_run *run, enum side side, uint64_t seq, uint64_t start, uint64_t end);

/* How many receive each message of this run. */
static inline unsigned int bench_listeners(const struct bench_run *run)
{
	return run->bench->listeners ? run->bench->listeners : 1;
}

/* Records why a run ends; the first reason stands. Returns -1. */
int bench_fail(struct bench_run *run, int number, const char *call);

/* As bench_fail, for a raw result that is not what it must be: its errno, or EBADMSG for a wrong count. */
int bench_fail_result(struct bench_run *run, long result, const char *call);

/* Runs the bench to its end; 0, or -1 with run->error set. Either way bench_release follows. */
int bench_execute(struct bench_run *run);
void bench_release(struct bench_run *run);

/* Limits that keep sizes from overflowing; the mechanism's own are in its record. */
#define BENCH_MAX_MESSAGES 10000000u
#define BENCH_MAX_WARMUP 10000000u
/* Between two messages, and for one: a minute, which the kernel's worker allows at most. */
#define OPEN_LOOP_MAX_NS 60000000000ll

#endif
