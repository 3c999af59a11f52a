/* SPDX-License-Identifier: MIT */
/* How benches copy a message inside a window, where libc has no place. */
#ifndef COPY_H
#define COPY_H

#include <stddef.h>
#include <stdint.h>

/* Word by word, as the kernel copies on a CPU without ERMS: the same instructions whatever libc would choose. */
static inline __attribute__((always_inline)) void copy_words(void *to, const void *from, size_t bytes)
{
	size_t count = bytes / sizeof(uint64_t);
	const size_t rest = bytes % sizeof(uint64_t);

	__asm__ volatile("rep movsq\n\t"
			 "mov %3, %%rcx\n\t"
			 "rep movsb"
			 : "+&D"(to), "+&S"(from), "+&c"(count)
			 : "r"(rest)
			 : "memory");
}

#endif
