// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "message-file.h"
#include "timed-io.h"
#include "trigger.h"

int message_file_prepare(struct bench_run *run)
{
	struct message_file *file = run->state;
	const char *path = run->path ? run->path : run->bench->data;

	file->fd = open(path, (run->bench->direction == U2K ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (file->fd < 0)
		return bench_fail(run, errno, "open");
	file->trigger = trigger_open(run, run->mechanism->name, "produce");
	if (file->trigger < 0) {
		close(file->fd);
		return -1;
	}
	return 0;
}

void message_file_finish(struct bench_run *run)
{
	const struct message_file *file = run->state;

	close(file->trigger);
	close(file->fd);
}

int message_file_write(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;

	return timed_write(run, file->fd, seq);
}

int message_file_produce(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;

	return trigger_produce(run, file->trigger, seq);
}

int message_file_read(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;
	const int fd = file->fd;
	const size_t bytes = run->bytes;
	void *in = run->in;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys4(SYS_pread64, fd, (long)in, (long)bytes, 0);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "pread");
	bench_stamp(run, RECEIVED, seq, start, end);
	return bench_verify(run, in, seq);
}

int message_file_poll(struct bench_run *run, uint64_t seq)
{
	const struct message_file *file = run->state;
	long done;

	if (timed_poll(run, file->fd, POLLPRI, seq))
		return -1;
	done = sys4(SYS_pread64, file->fd, (long)run->in, (long)run->bytes, 0);
	if (done != (long)run->bytes)
		return bench_fail_result(run, done, "pread");
	return bench_verify(run, run->in, seq);
}
