// SPDX-License-Identifier: MIT
/*
 * A file of our own file system, the module of kmod/ringfs, which has been mounted
 * where the path says.
 *
 * u2k `write`: one write(2). k2u `read`: the kernel stores a message, then one
 * pread(2) from offset 0 finds it there.
 */
#include "message-file.h"

#define RINGFS_FILE "/tmp/ringcross-ringfs/message"

static const struct bench benches[] = {
	{ .variant = "write", .direction = U2K, MESSAGE_FILE(RINGFS_FILE), .send = message_file_write },
	{ .variant = "read",
	  .direction = K2U,
	  MESSAGE_FILE(RINGFS_FILE),
	  .send = message_file_produce,
	  .receive = message_file_read },
};

MECHANISM(ringfs, .name = "ringfs", .benches = benches, .bench_count = ARRAY_SIZE(benches));
