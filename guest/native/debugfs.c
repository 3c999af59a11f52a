// SPDX-License-Identifier: MIT
/*
 * Files of debugfs: the module of kmod/debugfs.
 *
 * u2k `write`: one write(2). k2u `read`: the kernel stores a message, then one
 * pread(2) from offset 0 finds it there. k2u `blob`: the same from the file that
 * debugfs_create_blob() makes of the kernel's memory.
 */
#include "message-file.h"

#define MESSAGE "/sys/kernel/debug/ringcross-debugfs/message"
#define BLOB "/sys/kernel/debug/ringcross-debugfs/blob"

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, MESSAGE_FILE(MESSAGE), .send = message_file_write },
	{ .variant = "read",
	  .direction = K2U,
	  MESSAGE_FILE(MESSAGE),
	  .send = message_file_produce,
	  .receive = message_file_read },
	{ .variant = "blob",
	  .direction = K2U,
	  MESSAGE_FILE(BLOB),
	  .send = message_file_produce,
	  .receive = message_file_read },
};

MECHANISM(debugfs, .name = "debugfs", .benches = benches, .bench_count = ARRAY_SIZE(benches));
