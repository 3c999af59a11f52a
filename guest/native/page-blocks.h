/* SPDX-License-Identifier: MIT */
/* Kernel memory that costs the same in every run, for messages too large for the caches of kmalloc(). */
#ifndef PAGE_BLOCKS_H
#define PAGE_BLOCKS_H

#include "bench.h"

/* Blocks that stay, and before each three of them one that is given back. */
#define PAGE_BLOCKS_KEPT 48

struct page_blocks {
	int kept[PAGE_BLOCKS_KEPT];
	unsigned int count;
};

/*
 * Such memory is a block of pages from the lists of free ones (mm/page_alloc.c), and how far they are
 * searched, split and merged again depends on what the kernel has done since it booted. So blocks as a
 * message of this size needs one are taken, one of four is given back, and the others stay until
 * page_blocks_release(): a free block then is there, its neighbour is in use, so it is not merged, and
 * so are the two beyond. A message that fits a cache needs none of that. 0, or -1 with the run failed;
 * to be released in either case.
 */
int page_blocks_settle(struct bench_run *run, struct page_blocks *blocks, size_t bytes);
void page_blocks_release(struct page_blocks *blocks);

#endif
