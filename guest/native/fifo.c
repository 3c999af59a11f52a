// SPDX-License-Identifier: MIT
/*
 * A named pipe, fifo(7), on tmpfs: the buffer of a pipe, found by a name. The
 * variants are those of pipe.c; what a FIFO adds is the filesystem's inode, whose
 * times each transfer keeps up to date.
 */
#define _GNU_SOURCE
#include "pipe-ends.h"

static void finish(struct bench_run *run)
{
	pipe_ends_close(run->state);
}

#define COMMON                                                                                         \
	.direction = U2U, .state_bytes = sizeof(struct pipe_ends), .prepare = pipe_ends_open_fifo, .finish = finish

static const struct bench benches[] = { PIPE_ENDS_BENCHES(COMMON) };

MECHANISM(fifo, .name = "fifo", .benches = benches, .bench_count = ARRAY_SIZE(benches));
