/* SPDX-License-Identifier: MIT */
/*
 * System calls without libc: nothing stands in a timed window but the argument
 * registers and the instruction. Each returns what the kernel returned, a
 * negative errno included; `errno` is never touched.
 */
#ifndef SYS_H
#define SYS_H

#include <stddef.h>
#include <sys/syscall.h>

static inline __attribute__((always_inline)) long sys6(long nr, long a, long b, long c, long d, long e,
							long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys5(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys2(long nr, long a, long b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys0(long nr)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr) : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline)) long sys_read(int fd, void *buffer, size_t bytes)
{
	return sys3(SYS_read, fd, (long)buffer, (long)bytes);
}

static inline __attribute__((always_inline)) long sys_write(int fd, const void *buffer, size_t bytes)
{
	return sys3(SYS_write, fd, (long)buffer, (long)bytes);
}

/*
 * The 32-bit entry: i386 call numbers, 32-bit arguments, addresses below 4 GiB.
 * Entry code older than Linux 4.4 cleared r8 to r11. The sixth argument would
 * travel in ebp, which the compiler may hold, so five are offered.
 */
static inline __attribute__((always_inline)) long sys_int80(long nr, long a, long b, long c, long d, long e)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

#endif
