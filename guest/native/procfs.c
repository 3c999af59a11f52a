// SPDX-License-Identifier: MIT
/*
 * A file of procfs behind a seq_file: the module of kmod/procfs.
 *
 * u2k `write`: one write(2). k2u `read`: the kernel stores a message, then one
 * pread(2) from offset 0 finds it there. k2u `poll`: the receiver is blocked in
 * poll(2) when the kernel stores it.
 */
#include "message-file.h"

#define PROCFS_FILE "/proc/ringcross-procfs"

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, MESSAGE_FILE(PROCFS_FILE), .send = message_file_write },
	{ .variant = "read",
	  .direction = K2U,
	  MESSAGE_FILE(PROCFS_FILE),
	  .send = message_file_produce,
	  .receive = message_file_read },
	{ .variant = "poll",
	  .direction = K2U,
	  MESSAGE_FILE(PROCFS_FILE),
	  .blocking = true,
	  .send = message_file_produce,
	  .receive = message_file_poll },
};

MECHANISM(procfs, .name = "procfs", .benches = benches, .bench_count = ARRAY_SIZE(benches));
