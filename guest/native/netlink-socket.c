// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "netlink-socket.h"

/* Above every process id, which is what the kernel gives to sockets that do not choose. */
#define FIRST_PORT 0x10000000u
/* That each of them shares the kernel's chain of four happens once in 65,536. */
#define CANDIDATES 8
/* One may meet a timer tick or an empty cache of the allocator. */
#define KNOCKS 5

/* The kernel has answered before the call that sent returns. */
#define ANSWER_SECONDS 5

/* A descriptor or a negative errno. */
static int open_at(int protocol, uint32_t port)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_pid = port };
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int error;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* Sends what is too short to be a message, which the kernel receives and passes over (netlink_rcv_skb()). */
static uint64_t knock(int fd)
{
	const char byte = 0;
	const uint64_t start = window_open();

	sys6(SYS_sendto, fd, (long)&byte, sizeof(byte), 0, 0, 0);
	return window_close() - start;
}

static uint64_t least_of_knocks(int fd)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < KNOCKS; i++) {
		const uint64_t ticks = knock(fd);

		if (ticks < least)
			least = ticks;
	}
	return least;
}

int netlink_open(struct bench_run *run, int protocol)
{
	uint64_t least = UINT64_MAX;
	uint32_t chosen = FIRST_PORT;
	int fd;

	/* Each is closed before the next is tried, which it could get in the way of. */
	for (uint32_t port = FIRST_PORT; port < FIRST_PORT + CANDIDATES; port++) {
		uint64_t ticks;

		fd = open_at(protocol, port);
		if (fd == -EADDRINUSE)
			continue;
		if (fd < 0)
			return bench_fail(run, -fd, "bind");
		ticks = least_of_knocks(fd);
		close(fd);
		if (ticks < least) {
			least = ticks;
			chosen = port;
		}
	}
	fd = open_at(protocol, chosen);
	return fd < 0 ? bench_fail(run, -fd, "bind") : fd;
}

int netlink_expect_answers(struct bench_run *run, int fd)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return bench_fail(run, errno, "setsockopt");
	return 0;
}
