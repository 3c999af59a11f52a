// SPDX-License-Identifier: MIT
/*
 * A relay channel: the module of kmod/relay. A trigger makes the kernel write a
 * message into the buffer of the CPU that we are pinned to, whose files we have open.
 *
 * k2u `read`: one timed read of relay's file. `overwrite`: the same, in a channel
 * that loses its oldest sub-buffer where the other drops what is new. `reserve`: the
 * kernel asks for a place and copies the message there itself.
 * `mmap`: the window holds the question how far the kernel has come, one pread of a
 * control file, and the copy out of the mapped buffer. A sub-buffer is given back
 * between windows, when all of it is consumed.
 * `load`, `load-overwrite`, `load-reserve`: experiments on reliability, in which the kernel writes at its
 * pace.
 * `poll`: the waiter is blocked in poll(2); relay wakes it only for a complete
 * sub-buffer, so that the module completes one with each message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "copy.h"
#include "timed-io.h"
#include "trigger.h"

#define CHANNEL "/sys/kernel/debug/ringcross-relay-channel/"
#define PARAMETERS "/sys/module/ringcross_relay/parameters/"
#define PAGE 4096u
/* The module's own limit (max_message) may be lower and is then its EMSGSIZE. */
#define MAX_BYTES (1 << 20)

/* How a bench sets the channel up: parameters of the module, and whether we map its buffer. */
struct setup {
	bool overwrite;
	bool flush;
	bool reserve;
	bool mapped;
};

static const struct setup usual = { 0 };

/* What a file producedN tells: the module's struct relayed_progress. */
struct progress {
	uint64_t subbufs;
	uint64_t offset;
};

struct channel {
	int trigger;
	int reader;
	/* Of a mapped channel: */
	int produced;
	int consumed;
	const unsigned char *buffer;
	size_t buffer_bytes;
	size_t subbuf_size;
	size_t n_subbufs;
	/* where the next message begins. */
	struct progress next;
};

static int open_of_cpu(struct bench_run *run, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), CHANNEL "%s%d", name, run->cpu);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? bench_fail(run, errno, "open") : fd;
}

/* Writes a word into a file of the module. */
static int set(struct bench_run *run, const char *path, const char *word, size_t bytes)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return bench_fail(run, errno, "open");
	done = write(fd, word, bytes);
	if (done != (ssize_t)bytes)
		bench_fail(run, done < 0 ? errno : EBADMSG, "write");
	close(fd);
	return done == (ssize_t)bytes ? 0 : -1;
}

static int set_parameter(struct bench_run *run, const char *path, bool value)
{
	return set(run, path, value ? "Y" : "N", 1);
}

/* An empty channel that works as the setup says. */
static int set_up(struct bench_run *run, const struct setup *setup)
{
	if (set_parameter(run, PARAMETERS "overwrite", setup->overwrite) ||
	    set_parameter(run, PARAMETERS "flush", setup->flush) ||
	    set_parameter(run, PARAMETERS "reserve", setup->reserve))
		return -1;
	return set(run, CHANNEL "control/channel", "reset", 5);
}

static int get_number(struct bench_run *run, const char *path, size_t *number)
{
	char text[24];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	if (fd < 0)
		return bench_fail(run, errno, "open");
	bytes = read(fd, text, sizeof(text) - 1);
	if (bytes <= 0)
		bench_fail(run, bytes < 0 ? errno : EPROTO, "read");
	close(fd);
	if (bytes <= 0)
		return -1;
	text[bytes] = '\0';
	*number = strtoul(text, NULL, 10);
	return 0;
}

/* Relay maps whole buffers only. Their pages are the kernel's and stay: touching is enough, without mlock. */
static int map_buffer(struct bench_run *run)
{
	struct channel *channel = run->state;
	const int fd = open_of_cpu(run, "control/map", O_RDONLY);
	void *buffer;

	if (fd < 0)
		return -1;
	channel->buffer_bytes = (channel->subbuf_size * channel->n_subbufs + PAGE - 1) & ~(size_t)(PAGE - 1);
	buffer = mmap(NULL, channel->buffer_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (buffer == MAP_FAILED)
		bench_fail(run, errno, "mmap");
	close(fd);
	if (buffer == MAP_FAILED)
		return -1;
	channel->buffer = buffer;
	for (size_t at = 0; at < channel->buffer_bytes; at += PAGE)
		(void)*(const volatile unsigned char *)(channel->buffer + at);
	return 0;
}

static int prepare_mapped(struct bench_run *run)
{
	struct channel *channel = run->state;

	if (get_number(run, PARAMETERS "subbuf_size", &channel->subbuf_size) ||
	    get_number(run, PARAMETERS "n_subbufs", &channel->n_subbufs))
		return -1;
	channel->produced = open_of_cpu(run, "control/produced", O_RDONLY);
	if (channel->produced < 0)
		return -1;
	channel->consumed = open_of_cpu(run, "control/consumed", O_WRONLY);
	if (channel->consumed < 0)
		goto close_produced;
	if (map_buffer(run))
		goto close_consumed;
	return 0;

close_consumed:
	close(channel->consumed);
close_produced:
	close(channel->produced);
	return -1;
}

static int prepare(struct bench_run *run)
{
	const struct setup *setup = run->bench->data;
	struct channel *channel = run->state;

	if (set_up(run, setup))
		goto restore;
	channel->trigger = trigger_open(run, "relay", "produce");
	if (channel->trigger < 0)
		goto restore;
	channel->reader = open_of_cpu(run, "cpu", O_RDONLY);
	if (channel->reader < 0)
		goto close_trigger;
	if (setup->mapped && prepare_mapped(run))
		goto close_reader;
	return 0;

close_reader:
	close(channel->reader);
close_trigger:
	close(channel->trigger);
restore:
	set_up(run, &usual);
	return -1;
}

static void finish(struct bench_run *run)
{
	const struct setup *setup = run->bench->data;
	const struct channel *channel = run->state;

	if (setup->mapped) {
		munmap((void *)channel->buffer, channel->buffer_bytes);
		close(channel->consumed);
		close(channel->produced);
	}
	close(channel->reader);
	close(channel->trigger);
	set_up(run, &usual);
}

static int produce(struct bench_run *run, uint64_t seq)
{
	const struct channel *channel = run->state;

	return trigger_produce(run, channel->trigger, seq);
}

static int receive_read(struct bench_run *run, uint64_t seq)
{
	const struct channel *channel = run->state;

	return timed_read(run, channel->reader, seq);
}

/* The wait is timed, the read that follows is not. */
static int receive_poll(struct bench_run *run, uint64_t seq)
{
	const struct channel *channel = run->state;

	return timed_poll(run, channel->reader, POLLIN, seq) ? -1 : plain_read(run, channel->reader, seq);
}

/* A message does not straddle sub-buffers: the rest of one that is too short for it is padding. */
static int enter_subbuf(struct bench_run *run, struct channel *channel)
{
	if (channel->next.offset + run->bytes <= channel->subbuf_size)
		return 0;
	channel->next.subbufs++;
	channel->next.offset = 0;
	return 1;
}

static int give_back(struct bench_run *run, const struct channel *channel)
{
	const long done = sys_write(channel->consumed, "1", 1);

	return done == 1 ? 0 : bench_fail_result(run, done, "write");
}

static int receive_mapped(struct bench_run *run, uint64_t seq)
{
	struct channel *channel = run->state;
	const bool entered = enter_subbuf(run, channel);
	const unsigned char *message = channel->buffer +
				       channel->next.subbufs % channel->n_subbufs * channel->subbuf_size +
				       channel->next.offset;
	const size_t bytes = run->bytes;
	const int produced = channel->produced;
	void *in = run->in;
	struct progress progress;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys4(SYS_pread64, produced, (long)&progress, sizeof(progress), 0);
	copy_words(in, message, bytes);
	end = window_close();
	if (done != sizeof(progress))
		return bench_fail_result(run, done, "pread");
	channel->next.offset += bytes;
	if (progress.subbufs == channel->next.subbufs ? progress.offset < channel->next.offset :
							progress.subbufs < channel->next.subbufs)
		return bench_fail(run, EBADMSG, "produced");
	bench_stamp(run, RECEIVED, seq, start, end);
	if (entered && give_back(run, channel))
		return -1;
	return bench_verify(run, in, seq);
}

/* A file of relay has no end: where nothing is to be read there is none yet. */
static long take(struct bench_run *run)
{
	const struct channel *channel = run->state;
	const long got = sys_read(channel->reader, run->in, run->bytes);

	return got ? got : -EAGAIN;
}

static const struct setup lose_oldest = { .overwrite = true };
static const struct setup in_place = { .reserve = true };
static const struct setup complete = { .flush = true };
static const struct setup mapped = { .mapped = true };

#define COMMON                                                                                           \
	.direction = K2U, .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES,                    \
	.state_bytes = sizeof(struct channel), .prepare = prepare, .finish = finish, .send = produce

/* Relay wakes nobody for a message that does not complete a sub-buffer. */
#define LOAD COMMON, .module = "relay", .take = take

static const struct bench benches[] = {
	{ .variant = "read", COMMON, .data = &usual, .receive = receive_read },
	{ .variant = "overwrite", COMMON, .data = &lose_oldest, .receive = receive_read },
	{ .variant = "reserve", COMMON, .data = &in_place, .receive = receive_read },
	{ .variant = "mmap", COMMON, .data = &mapped, .receive = receive_mapped },
	{ .variant = "poll", COMMON, .data = &complete, .blocking = true, .receive = receive_poll },
	{ .variant = "load", LOAD, .data = &usual },
	{ .variant = "load-overwrite", LOAD, .data = &lose_oldest },
	{ .variant = "load-reserve", LOAD, .data = &in_place },
};

MECHANISM(relay, .name = "relay", .benches = benches, .bench_count = ARRAY_SIZE(benches));
