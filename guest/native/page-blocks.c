// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "page-blocks.h"

/* KMALLOC_MAX_CACHE_SIZE. */
#define LARGEST_CACHE 8192u
#define PAGE 4096u
/* Of a block; a struct pipe_buffer has 40, so that its array fills more than half and needs a whole one. */
#define BYTES_PER_BUFFER 64u

/*
 * Takes one block by way of a pipe's array of buffers, which nothing else has a part in. A descriptor,
 * whose end gives the block back, or a negative errno.
 */
static int take_block(size_t block)
{
	int ends[2];
	int error = 0;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (fcntl(ends[0], F_SETPIPE_SZ, block / BYTES_PER_BUFFER * PAGE) < 0)
		error = -errno;
	close(ends[1]);
	if (!error)
		return ends[0];
	close(ends[0]);
	return error;
}

int page_blocks_settle(struct bench_run *run, struct page_blocks *blocks, size_t bytes)
{
	int given_back[PAGE_BLOCKS_KEPT / 3];
	unsigned int free_count = 0;
	size_t block = PAGE;
	int fd = 0;

	blocks->count = 0;
	/* The message is not alone in it: one as large as a block takes the next larger. */
	while (block <= bytes)
		block *= 2;
	if (block <= LARGEST_CACHE)
		return 0;
	while (fd >= 0 && blocks->count < ARRAY_SIZE(blocks->kept)) {
		fd = take_block(block);
		if (fd < 0)
			bench_fail(run, -fd, "pipe2");
		else if (blocks->count < 3 * free_count)
			blocks->kept[blocks->count++] = fd;
		else
			given_back[free_count++] = fd;
	}
	/*
	 * Whichever comes back last is used first: the one that was taken last. The first ones may have
	 * lain alone among memory of others; this one and those around it were split from one block.
	 */
	for (unsigned int i = 0; i < free_count; i++)
		close(given_back[i]);
	return fd < 0 ? -1 : 0;
}

void page_blocks_release(struct page_blocks *blocks)
{
	while (blocks->count)
		close(blocks->kept[--blocks->count]);
}
