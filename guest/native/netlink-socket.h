/* SPDX-License-Identifier: MIT */
/* Sockets of netlink(7) whose messages to and from the kernel cost the same in every run. */
#ifndef NETLINK_SOCKET_H
#define NETLINK_SOCKET_H

#include "bench.h"

/*
 * A socket of the protocol, bound to a port of its own: a descriptor, or -1 with the run failed.
 *
 * Each message looks its receiver up in a hash table, by port. The table's seed is random, and
 * once few sockets are left it has four chains: in one run of four a socket would stand in the
 * chain of the kernel's own and lengthen each lookup. So the port is chosen by what it costs to
 * send. Where the kernel has a socket of the protocol.
 */
int netlink_open(struct bench_run *run, int protocol);

/*
 * For a window that receives the answer to what it has sent: an answer that does not come is EAGAIN
 * after a while, where one that comes costs the same. 0, or -1 with the run failed.
 */
int netlink_expect_answers(struct bench_run *run, int fd);

#endif
