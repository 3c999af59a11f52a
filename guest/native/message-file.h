/* SPDX-License-Identifier: MIT */
/*
 * One message in a file that a write replaces and a read from offset 0 shows, as the
 * modules keep it that use kmod/include/ringcross-slot.h. A bench of such a file names
 * its path and takes its functions from here.
 */
#ifndef MESSAGE_FILE_H
#define MESSAGE_FILE_H

#include "bench.h"

/* The modules' own limit (max_message) may be lower and is then their EMSGSIZE. */
#define MESSAGE_FILE_MAX_BYTES (1 << 20)

struct message_file {
	int fd;
	/* Makes the kernel store a message. */
	int trigger;
};

/* Opens run->path, or what the bench has as .data, and the trigger of the mechanism's module. */
int message_file_prepare(struct bench_run *run);
void message_file_finish(struct bench_run *run);

/* One timed write(2). */
int message_file_write(struct bench_run *run, uint64_t seq);

/* The kernel sends: its window is the module's, this call is only what tells it to. */
int message_file_produce(struct bench_run *run, uint64_t seq);

/* One timed pread(2) from offset 0, so that no message needs an open or an lseek. */
int message_file_read(struct bench_run *run, uint64_t seq);

/* A timed poll(2) for POLLPRI, then an untimed read: it checks the message and arms the next poll. */
int message_file_poll(struct bench_run *run, uint64_t seq);

#define MESSAGE_FILE(path_)                                                                            \
	.data = (path_), .min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MESSAGE_FILE_MAX_BYTES,         \
	.state_bytes = sizeof(struct message_file), .prepare = message_file_prepare,                      \
	.finish = message_file_finish

#endif
