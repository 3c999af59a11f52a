// SPDX-License-Identifier: MIT
/*
 * POSIX shared memory, shm_overview(7): a file of the tmpfs at /dev/shm, mapped
 * twice, so that the two sides meet at different addresses, as two processes would.
 * No system call moves the bytes: each side copies, and what the kernel may be
 * needed for is the wait.
 *
 * `futex`: the receiver is blocked in FUTEX_WAIT when the sender has written.
 * `spinning`: the receiver looks at the count of messages until it has grown; here,
 * where both are one thread, its first look finds that, and the figure is the bare
 * copy without the kernel. `first-touch`: the same into pages that nobody has
 * touched since they were last given back. `stream`: a ring of 16 messages; a side
 * waits only when the ring is full or empty, and rings only for one that waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "copy.h"
#include "guard.h"

#define PAGE 4096u
#define CACHE_LINE 64u

/* As many messages of a page as a pipe has room for. */
#define RING_SLOTS 16u

#define LARGEST 65536u

/*
 * Where the mappings lie if nothing else is there: the lowest addresses that the kernel gives out. A
 * fault looks its mapping up in a tree of all that the process has (mtree_range_walk in
 * lib/maple_tree.c), node by node from the lowest address up. Elsewhere it would depend on where
 * chance put the others, and how many, how far it has to look.
 */
#define LOWEST ((void *)65536)

/*
 * Company for the mappings of a first touch. Finding the end of a leaf takes longer when the leaf is
 * full or lacks one entry (ma_data_end), which has 8 to 16 of them. So many neighbours, put in one by
 * one, fill the first leaf with ours and to more than 12; without CLEARED of them it is never near full.
 */
#define NEIGHBOURS 64u
#define CLEARED 4u

/* Where a side tells how far it has come: messages modulo 2^32. A futex, so 32 bits. */
struct counter {
	_Alignas(CACHE_LINE) _Atomic uint32_t count;
	/* Somebody may be blocked until `count` changes. */
	_Atomic uint32_t waited_for;
};

/* The first page of the file; the messages follow. Two of the counters are used. */
struct control {
	struct counter counters[PAGE / CACHE_LINE];
};
_Static_assert(sizeof(struct control) == PAGE, "messages begin with the second page");

/* The file as one side sees it. */
struct view {
	struct control *control;
	unsigned char *slots;
};

struct shared {
	int fd;
	size_t map_bytes;
	size_t slot_bytes;
	uint32_t slots;
	struct view writer;
	struct view reader;
	/* Which counters: how many messages have been written, and, in a ring, how many read. */
	size_t published;
	size_t taken;
	/* What is left of the neighbours; NULL for none. */
	unsigned char *neighbours;
};

static size_t align(size_t bytes, size_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

/* Without FUTEX_PRIVATE_FLAG the kernel finds the word by its page of the file, as between processes. */
static inline __attribute__((always_inline)) long futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
	return sys4(SYS_futex, (long)word, FUTEX_WAIT, seen, 0);
}

static inline __attribute__((always_inline)) long futex_wake(_Atomic uint32_t *word)
{
	return sys3(SYS_futex, (long)word, FUTEX_WAKE, 1);
}

/* Ticks of waking nobody; the least of a few, since the first may find cold caches. */
static uint64_t idle_wake(_Atomic uint32_t *word)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		const uint64_t start = window_open();
		uint64_t ticks;

		futex_wake(word);
		ticks = window_close() - start;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

/*
 * Words share buckets of a hash table, chosen by chance as far as we can tell, and whoever waits in the
 * same bucket is looked at by each wake-up (futex_wake in kernel/futex/waitwake.c). Where nobody does, the
 * call returns at once: the quickest of the counters from `first` to before `end` has a bucket of its own.
 */
static size_t quietest(struct control *control, size_t first, size_t end)
{
	uint64_t least = UINT64_MAX;
	size_t found = first;

	for (size_t i = first; i < end; i++) {
		const uint64_t ticks = idle_wake(&control->counters[i].count);

		if (ticks >= least)
			continue;
		least = ticks;
		found = i;
	}
	return found;
}

static void choose_counters(struct shared *shared)
{
	struct control *control = shared->writer.control;
	const size_t all = ARRAY_SIZE(control->counters);

	shared->published = quietest(control, 0, all / 2);
	shared->taken = quietest(control, all / 2, all);
}

static struct counter *published(const struct shared *shared, const struct view *view)
{
	return &view->control->counters[shared->published];
}

static struct counter *taken(const struct shared *shared, const struct view *view)
{
	return &view->control->counters[shared->taken];
}

static int map_view(struct bench_run *run, struct view *view, void *hint)
{
	const struct shared *shared = run->state;
	void *start = mmap(hint, shared->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared->fd, 0);

	if (start == MAP_FAILED)
		return bench_fail(run, errno, "mmap");
	view->control = start;
	view->slots = (unsigned char *)start + PAGE;
	return 0;
}

/* What the windows touch is mapped before them; of a first touch, all but the messages. */
static int touch(struct bench_run *run, const struct view *view)
{
	const struct shared *shared = run->state;
	const size_t bytes = run->bench->first_touch ? PAGE : shared->map_bytes;
	volatile unsigned char *at = (unsigned char *)view->control;

	for (size_t i = 0; i < bytes; i += PAGE)
		at[i] = 0;
	return run->realtime && mlock(view->control, bytes) ? bench_fail(run, errno, "mlock") : 0;
}

/* Pages that differ from the next in what they allow, so that each is a mapping of its own. */
static int add_neighbours(struct bench_run *run)
{
	struct shared *shared = run->state;
	unsigned char *const first = (unsigned char *)shared->reader.control + shared->map_bytes;
	unsigned char *const pages = mmap(first, NEIGHBOURS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return bench_fail(run, errno, "mmap");
	for (size_t i = 0; i < NEIGHBOURS; i += 2) {
		if (mprotect(pages + i * PAGE, PAGE, PROT_READ)) {
			bench_fail(run, errno, "mprotect");
			munmap(pages, NEIGHBOURS * PAGE);
			return -1;
		}
	}
	munmap(pages, CLEARED * PAGE);
	shared->neighbours = pages + CLEARED * PAGE;
	return 0;
}

static void remove_neighbours(const struct shared *shared)
{
	if (shared->neighbours)
		munmap(shared->neighbours, (NEIGHBOURS - CLEARED) * PAGE);
}

static int open_file(struct bench_run *run)
{
	struct shared *shared = run->state;
	char name[sizeof("/dev/shm/ringcross-") + 10];

	/* What shm_open does. Of this thread alone, and gone before the first message: a mapping needs no name. */
	snprintf(name, sizeof(name), "/dev/shm/ringcross-%d", gettid());
	shared->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (shared->fd < 0)
		return bench_fail(run, errno, "open");
	unlink(name);
	return 0;
}

static int prepare(struct bench_run *run)
{
	struct shared *shared = run->state;

	shared->slots = run->bench->stream ? RING_SLOTS : 1;
	shared->slot_bytes = align(run->bytes, CACHE_LINE);
	shared->map_bytes = PAGE + align(shared->slots * shared->slot_bytes, PAGE);
	if (open_file(run))
		return -1;
	if (ftruncate(shared->fd, (off_t)shared->map_bytes)) {
		bench_fail(run, errno, "ftruncate");
		goto close_file;
	}
	if (map_view(run, &shared->writer, LOWEST))
		goto close_file;
	if (map_view(run, &shared->reader, (unsigned char *)shared->writer.control + shared->map_bytes))
		goto unmap_writer;
	if (touch(run, &shared->writer) || touch(run, &shared->reader))
		goto unmap_reader;
	if (run->bench->first_touch && add_neighbours(run))
		goto unmap_reader;
	choose_counters(shared);
	return 0;

unmap_reader:
	munmap(shared->reader.control, shared->map_bytes);
unmap_writer:
	munmap(shared->writer.control, shared->map_bytes);
close_file:
	close(shared->fd);
	return -1;
}

static void finish(struct bench_run *run)
{
	const struct shared *shared = run->state;

	remove_neighbours(shared);
	munmap(shared->reader.control, shared->map_bytes);
	munmap(shared->writer.control, shared->map_bytes);
	close(shared->fd);
}

static int send_and_wake(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	struct counter *counter = published(shared, &shared->writer);
	unsigned char *slot = shared->writer.slots;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;
	long woken;

	bench_compose(run, seq);
	start = window_open();
	copy_words(slot, out, bytes);
	atomic_store_explicit(&counter->count, (uint32_t)seq + 1, memory_order_release);
	woken = futex_wake(&counter->count);
	end = window_close();
	/* A receiver without real-time priority may not have come to its wait yet: it finds the message there. */
	if (woken != 1 && (woken || run->realtime))
		return bench_fail_result(run, woken, "futex");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int receive_waiting(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	struct counter *counter = published(shared, &shared->reader);
	const unsigned char *slot = shared->reader.slots;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	long result = 0;

	start = window_open();
	/* EAGAIN: the sender was quicker. Anything else that is not a wake-up ends the wait. */
	while (atomic_load_explicit(&counter->count, memory_order_acquire) == (uint32_t)seq &&
	       (!result || result == -EAGAIN))
		result = futex_wait(&counter->count, (uint32_t)seq);
	copy_words(in, slot, bytes);
	end = window_close();
	if (result && result != -EAGAIN)
		return bench_fail_result(run, result, "futex");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

static int send_silently(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	struct counter *counter = published(shared, &shared->writer);
	unsigned char *slot = shared->writer.slots;
	const size_t bytes = run->bytes;
	const void *out = run->out;
	uint64_t start;
	uint64_t end;

	bench_compose(run, seq);
	start = window_open();
	copy_words(slot, out, bytes);
	atomic_store_explicit(&counter->count, (uint32_t)seq + 1, memory_order_release);
	end = window_close();
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int receive_spinning(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	struct counter *counter = published(shared, &shared->reader);
	const unsigned char *slot = shared->reader.slots;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;

	start = window_open();
	while (atomic_load_explicit(&counter->count, memory_order_acquire) != (uint32_t)seq + 1)
		__builtin_ia32_pause();
	copy_words(in, slot, bytes);
	end = window_close();
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

/*
 * Gives the pages of the messages back, from both mappings, so that the next message finds memory as
 * new: the writer's faults allocate and clear pages, the reader's map what is there. The tables that
 * the mappings hang on stay.
 */
static int send_to_new_pages(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	const size_t bytes = shared->map_bytes - PAGE;

	if (fallocate(shared->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, (off_t)bytes))
		return bench_fail(run, errno, "fallocate");
	/*
	 * New pages reach the lists for reclaim in batches, of whose filling a window here and there would
	 * pay. This empties the batch of this CPU (lru_add_drain in zap_page_range_single of mm/memory.c):
	 * every message then starts with an empty one.
	 */
	if (madvise(shared->reader.slots, bytes, MADV_DONTNEED))
		return bench_fail(run, errno, "madvise");
	return send_silently(run, seq);
}

/* Blocks until `counter` has moved on from `seen`, or says why it cannot. */
static long await_change(struct counter *counter, uint32_t seen)
{
	long result;

	/* Ordered before the look that the kernel takes: either it sees a new count, or the other side sees this. */
	atomic_store(&counter->waited_for, 1);
	result = futex_wait(&counter->count, seen);
	return result == -EAGAIN ? 0 : result;
}

/* Tells a new count, and wakes whoever said that it waits. */
static long advance(struct counter *counter, uint32_t count)
{
	atomic_store(&counter->count, count);
	if (!atomic_load(&counter->waited_for))
		return 0;
	atomic_store(&counter->waited_for, 0);
	return futex_wake(&counter->count);
}

static unsigned char *slot_of(const struct shared *shared, const struct view *view, uint64_t seq)
{
	return view->slots + seq % shared->slots * shared->slot_bytes;
}

static int stream_out(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	const struct view *view = &shared->writer;
	struct counter *room = taken(shared, view);
	uint32_t seen;
	long result;

	bench_compose(run, seq);
	for (;;) {
		seen = atomic_load_explicit(&room->count, memory_order_acquire);
		if ((uint32_t)seq - seen < shared->slots)
			break;
		result = await_change(room, seen);
		if (result)
			return bench_fail_result(run, result, "futex");
	}
	copy_words(slot_of(shared, view, seq), run->out, run->bytes);
	result = advance(published(shared, view), (uint32_t)seq + 1);
	return result < 0 ? bench_fail_result(run, result, "futex") : 0;
}

static int stream_in(struct bench_run *run, uint64_t seq)
{
	const struct shared *shared = run->state;
	const struct view *view = &shared->reader;
	struct counter *news = published(shared, view);
	long result;

	while (atomic_load_explicit(&news->count, memory_order_acquire) == (uint32_t)seq) {
		result = await_change(news, (uint32_t)seq);
		if (result)
			return bench_fail_result(run, result, "futex");
	}
	copy_words(run->in, slot_of(shared, view, seq), run->bytes);
	result = advance(taken(shared, view), (uint32_t)seq + 1);
	return result < 0 ? bench_fail_result(run, result, "futex") : bench_verify(run, run->in, seq);
}

#define COMMON                                                                                         \
	.direction = U2U, .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = LARGEST,                    \
	.state_bytes = sizeof(struct shared), .prepare = prepare, .finish = finish

static const struct bench benches[] = {
	{ .variant = "futex", COMMON, .blocking = true, .send = send_and_wake, .receive = receive_waiting },
	{ .variant = "spinning", COMMON, .send = send_silently, .receive = receive_spinning },
	{ .variant = "first-touch",
	  COMMON,
	  .first_touch = true,
	  .send = send_to_new_pages,
	  .receive = receive_spinning },
	{ .variant = "stream", COMMON, .stream = true, .send = stream_out, .receive = stream_in },
};

struct access {
	volatile uint32_t *word;
	uint32_t value;
};

static void load(void *argument)
{
	struct access *access = argument;

	access->value = *access->word;
}

static void store(void *argument)
{
	struct access *access = argument;

	*access->word = access->value;
}

/* load(address): the 32-bit word there, or the signal that reading it brought. */
static int64_t probe_load(const int64_t args[4], int *signal)
{
	struct access access = { .word = (volatile uint32_t *)args[0] };

	*signal = guarded(load, &access);
	return access.value;
}

/* store(address, value): puts a 32-bit word there, or tells the signal that it brought. */
static int64_t probe_store(const int64_t args[4], int *signal)
{
	struct access access = { .word = (volatile uint32_t *)args[0], .value = (uint32_t)args[1] };

	*signal = guarded(store, &access);
	return access.value;
}

static const struct probe probes[] = {
	{ "load", probe_load },
	{ "store", probe_store },
};

MECHANISM(shm, .name = "shm", .benches = benches, .bench_count = ARRAY_SIZE(benches), .probes = probes,
	  .probe_count = ARRAY_SIZE(probes));
