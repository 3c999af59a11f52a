/* SPDX-License-Identifier: MIT */
/*
 * The two ends of a timed window. Each is one asm block, so that the compiler
 * cannot move an instruction of it in or out: every window of every bench has
 * the same overhead. No CPUID: it exits to the hypervisor in a virtual machine.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

/* What comes before has completed when the counter is read. */
static inline __attribute__((always_inline)) uint64_t window_open(void)
{
	uint64_t ticks;

	__asm__ volatile("lfence\n\t"
			 "rdtsc\n\t"
			 "shl $32, %%rdx\n\t"
			 "or %%rdx, %%rax"
			 : "=a"(ticks)
			 :
			 : "rdx", "cc", "memory");
	return ticks;
}

/* rdtscp waits for what comes before, the fence keeps what follows from starting early. */
static inline __attribute__((always_inline)) uint64_t window_close(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtscp\n\t"
			 "lfence\n\t"
			 "shl $32, %%rdx\n\t"
			 "or %%rdx, %%rax"
			 : "=a"(ticks)
			 :
			 : "rcx", "rdx", "cc", "memory");
	return ticks;
}

#endif
