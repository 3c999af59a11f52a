/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The commands of /dev/ringcross-ioctl, for the kernel and for user space. The number of
 * a command is made of a direction, the size of what its argument points to, a type and
 * a sequence number. The type is none of Documentation/userspace-api/ioctl/ioctl-number.rst.
 */
#ifndef RINGCROSS_IOCTL_COMMANDS_H
#define RINGCROSS_IOCTL_COMMANDS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RINGCROSS_IOCTL_TYPE 0xDF

/* The argument itself is the message: a sequence number and nothing else. */
#define RINGCROSS_IOCTL_NONE _IO(RINGCROSS_IOCTL_TYPE, 0)

/*
 * The argument points to a message of `bytes`, which has 14 bits in the number. READ gives
 * the next message, which has so many bytes at most, and returns its size. BOTH takes a
 * message and answers with the same, its sequence number inverted.
 */
#define RINGCROSS_IOCTL_WRITE(bytes) _IOC(_IOC_WRITE, RINGCROSS_IOCTL_TYPE, 1, bytes)
#define RINGCROSS_IOCTL_READ(bytes) _IOC(_IOC_READ, RINGCROSS_IOCTL_TYPE, 2, bytes)
#define RINGCROSS_IOCTL_BOTH(bytes) _IOC(_IOC_WRITE | _IOC_READ, RINGCROSS_IOCTL_TYPE, 3, bytes)

/* Where a message of any size is, or room for one. The same to programs of 32 and of 64 bits. */
struct ringcross_ioctl_descriptor {
	__u64 address;
	__u64 bytes;
};

/* As WRITE and READ, of what the descriptor names. It is only read, so both are _IOW. */
#define RINGCROSS_IOCTL_WRITE_INDIRECT _IOW(RINGCROSS_IOCTL_TYPE, 4, struct ringcross_ioctl_descriptor)
#define RINGCROSS_IOCTL_READ_INDIRECT _IOW(RINGCROSS_IOCTL_TYPE, 5, struct ringcross_ioctl_descriptor)

/*
 * The same descriptor written without care for other programs than those of 64 bits: a
 * structure of half the size to a 32-bit compiler, so that the command has another number
 * there, which the module does not know.
 */
struct ringcross_ioctl_native_descriptor {
	void *address;
	unsigned long bytes;
};

#define RINGCROSS_IOCTL_WRITE_NATIVE _IOW(RINGCROSS_IOCTL_TYPE, 6, struct ringcross_ioctl_native_descriptor)

#endif
