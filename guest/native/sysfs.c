// SPDX-License-Identifier: MIT
/*
 * Attributes of a kobject: the module of kmod/sysfs.
 *
 * u2k `store`: one write(2) to an attribute. k2u `show`: the kernel stores a message,
 * then one pread(2) from offset 0 has it shown. k2u `poll`: the receiver is blocked
 * in poll(2) when the kernel stores it and calls sysfs_notify(), which the other
 * cases do without.
 *
 * u2k `binary-write` and k2u `binary-read`: the same through a binary attribute, a
 * page in each call, so that a large message takes several of them in one window.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "message-file.h"

#define MESSAGE "/sys/kernel/ringcross-sysfs/message"
#define DATA "/sys/kernel/ringcross-sysfs/data"
#define DATA_SIZE "/sys/kernel/ringcross-sysfs/data_size"
#define PARAMETERS "/sys/module/ringcross_sysfs/parameters/"
#define NOTIFY PARAMETERS "notify"
#define MAX_MESSAGE PARAMETERS "max_message"

#define PAGE 4096
/* What a store is given at most, and what a show can give: it must leave room for one byte. */
#define STORE_MAX PAGE
#define SHOW_MAX (PAGE - 1)

static int write_text(struct bench_run *run, const char *path, const char *text)
{
	const ssize_t length = (ssize_t)strlen(text);
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int error;

	if (fd < 0)
		return bench_fail(run, errno, "open");
	done = write(fd, text, (size_t)length);
	error = done < 0 ? errno : EIO;
	close(fd);
	return done == length ? 0 : bench_fail(run, error, "write");
}

static int prepare_silent(struct bench_run *run)
{
	if (write_text(run, NOTIFY, "N"))
		return -1;
	if (message_file_prepare(run)) {
		write_text(run, NOTIFY, "Y");
		return -1;
	}
	return 0;
}

/* To a file that was never read each poll answers at once; what the read finds does not matter. */
static int prepare_notified(struct bench_run *run)
{
	const struct message_file *file = run->state;

	if (write_text(run, NOTIFY, "Y") || message_file_prepare(run))
		return -1;
	sys4(SYS_pread64, file->fd, (long)run->in, (long)run->bytes, 0);
	return 0;
}

/* Puts back what is the module's default. */
static void finish(struct bench_run *run)
{
	message_file_finish(run);
	write_text(run, NOTIFY, "Y");
}

static int prepare_pieces(struct bench_run *run)
{
	char size[24];

	if (prepare_silent(run))
		return -1;
	snprintf(size, sizeof(size), "%zu", run->bytes);
	if (write_text(run, DATA_SIZE, size)) {
		finish(run);
		return -1;
	}
	return 0;
}

/* The size too: a module that has just been loaded takes its largest message for one in pieces. */
static void finish_pieces(struct bench_run *run)
{
	char size[24];
	const int fd = open(MAX_MESSAGE, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	finish(run);
	if (fd < 0) {
		bench_fail(run, errno, "open");
		return;
	}
	length = read(fd, size, sizeof(size) - 1);
	if (length < 0)
		bench_fail(run, errno, "read");
	close(fd);
	if (length < 0)
		return;
	size[length] = '\0';
	write_text(run, DATA_SIZE, size);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int write_pieces(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;
	const int fd = file->fd;
	const size_t bytes = run->bytes;
	const unsigned char *out = run->out;
	size_t at = 0;
	uint64_t start;
	uint64_t end;
	long done;

	bench_compose(run, seq);
	start = window_open();
	do {
		done = sys4(SYS_pwrite64, fd, (long)(out + at), (long)smaller(bytes - at, PAGE), (long)at);
		at += (size_t)done;
	} while (done > 0 && at < bytes);
	end = window_close();
	if (done <= 0 || at != bytes)
		return bench_fail_result(run, done, "pwrite");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int read_pieces(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;
	const int fd = file->fd;
	const size_t bytes = run->bytes;
	unsigned char *in = run->in;
	size_t at = 0;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	do {
		done = sys4(SYS_pread64, fd, (long)(in + at), (long)smaller(bytes - at, PAGE), (long)at);
		at += (size_t)done;
	} while (done > 0 && at < bytes);
	end = window_close();
	if (done <= 0 || at != bytes)
		return bench_fail_result(run, done, "pread");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

#define COMMON .min_bytes = RINGCROSS_MESSAGE_MIN, .state_bytes = sizeof(struct message_file)

static const struct bench benches[] = {
	{ .variant = "store",
	  .direction = U2K,
	  COMMON,
	  .max_bytes = STORE_MAX,
	  .data = MESSAGE,
	  .prepare = prepare_silent,
	  .finish = finish,
	  .send = message_file_write },
	{ .variant = "show",
	  .direction = K2U,
	  COMMON,
	  .max_bytes = SHOW_MAX,
	  .data = MESSAGE,
	  .prepare = prepare_silent,
	  .finish = finish,
	  .send = message_file_produce,
	  .receive = message_file_read },
	{ .variant = "poll",
	  .direction = K2U,
	  COMMON,
	  .max_bytes = SHOW_MAX,
	  .blocking = true,
	  .data = MESSAGE,
	  .prepare = prepare_notified,
	  .finish = finish,
	  .send = message_file_produce,
	  .receive = message_file_poll },
	{ .variant = "binary-write",
	  .direction = U2K,
	  COMMON,
	  .max_bytes = MESSAGE_FILE_MAX_BYTES,
	  .data = DATA,
	  .prepare = prepare_pieces,
	  .finish = finish_pieces,
	  .send = write_pieces },
	{ .variant = "binary-read",
	  .direction = K2U,
	  COMMON,
	  .max_bytes = MESSAGE_FILE_MAX_BYTES,
	  .data = DATA,
	  .prepare = prepare_silent,
	  .finish = finish,
	  .send = message_file_produce,
	  .receive = read_pieces },
};

MECHANISM(sysfs, .name = "sysfs", .benches = benches, .bench_count = ARRAY_SIZE(benches));
