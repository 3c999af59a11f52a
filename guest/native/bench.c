// SPDX-License-Identifier: MIT
/* The helpers that every mechanism uses between its windows. */
#include <errno.h>

#include "bench.h"

void bench_compose(struct bench_run *run, uint64_t seq)
{
	if (seq < run->warmup)
		ringcross_message_fill(run->out, run->bytes, seq);
	else
		ringcross_message_set_seq(run->out, seq);
}

int bench_verify(struct bench_run *run, const void *message, uint64_t seq)
{
	if (ringcross_message_seq(message) != seq)
		return bench_fail(run, EBADMSG, "sequence number");
	if (seq < run->warmup && !ringcross_message_intact(message, run->bytes))
		return bench_fail(run, EBADMSG, "checksum");
	return 0;
}

void bench_stamp(struct bench_run *run, enum side side, uint64_t seq, uint64_t start, uint64_t end)
{
	struct bench_side *log = &run->side[side];

	if (seq < run->warmup)
		return;
	log->stamps[log->count++] = (struct ringcross_stamp){ .seq = seq, .start = start, .end = end };
}

int bench_fail(struct bench_run *run, int number, const char *call)
{
	if (!atomic_exchange(&run->failed, true))
		run->error = (struct bench_error){ .number = number, .call = call };
	return -1;
}

int bench_fail_result(struct bench_run *run, long result, const char *call)
{
	return bench_fail(run, result < 0 ? (int)-result : EBADMSG, call);
}
