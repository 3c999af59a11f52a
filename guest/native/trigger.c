// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "trigger.h"

int trigger_open(struct bench_run *run, const char *module, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/ringcross-%s/%s", module, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? bench_fail(run, errno, "open") : fd;
}

long long trigger_worker_done(struct bench_run *run, int worker)
{
	char text[80];
	unsigned long long done;
	unsigned long long count;
	int error;
	const ssize_t bytes = pread(worker, text, sizeof(text) - 1, 0);

	if (bytes < 0)
		return bench_fail(run, errno, "pread");
	text[bytes] = '\0';
	/* As ringcross_worker_read() in kmod/include/ringcross.h writes it. */
	if (sscanf(text, "%llu of %llu error %d", &done, &count, &error) != 3)
		return bench_fail(run, EPROTO, "worker");
	return error ? bench_fail(run, error, "worker") : (long long)done;
}

static int pull(struct bench_run *run, int trigger, uint64_t seq, const char *option)
{
	char words[64];
	const int length =
		snprintf(words, sizeof(words), "%zu %llu%s", run->bytes, (unsigned long long)seq, option);
	const long done = sys_write(trigger, words, (size_t)length);

	return done == length ? 0 : bench_fail_result(run, done, "write");
}

int trigger_produce(struct bench_run *run, int trigger, uint64_t seq)
{
	return pull(run, trigger, seq, seq < run->warmup ? "" : " keep");
}

int trigger_consume(struct bench_run *run, int trigger, uint64_t seq)
{
	return pull(run, trigger, seq, "");
}
