// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "trigger.h"

int trigger_open(struct bench_run *run, const char *module, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/ringcross-%s/%s", module, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? bench_fail(run, errno, "open") : fd;
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
