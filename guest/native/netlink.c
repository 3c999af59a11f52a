// SPDX-License-Identifier: MIT
/*
 * A netlink protocol of our own: the module of kmod/netlink. A datagram is a
 * struct nlmsghdr and the message, whose size alone is a case's.
 *
 * u2k, the kernel receives inside the sender's call:
 *   unicast       one sendto(2)
 *   gather        one sendmsg(2) of three parts: the header, half of the message, the
 *                 other half
 *   acknowledged  sendto with NLM_F_ACK, then recvfrom(2) of the NLMSG_ERROR of 0
 * k2u, after a trigger has made the kernel send:
 *   unicast       one recvfrom into a buffer of known size
 *   peek          a receiver that knows no size: recvfrom with MSG_PEEK | MSG_TRUNC asks
 *                 for it, then memory is taken, then recvfrom. The memory is the next
 *                 piece of a pool, as cheap as an allocator is at best: mmap(2) would
 *                 bury both calls under page faults
 *   blocking      the receiver is blocked in recvfrom
 *   poll, epoll   the receiver is blocked in poll(2) or epoll_wait(2), and reads untimed
 *   acknowledged  recvfrom, then sendto of the acknowledgement
 *   multicast-N   N sockets are members of a group, and are read one after the other
 *   load-unicast, load-multicast
 *                 experiments on reliability: the kernel sends at its pace, to our port or to
 *                 our group, and our receive buffer is as large as asked for
 *   load-rcvbuf   the same to our port, with a receive buffer as SO_RCVBUF gives it
 *   load-windowed the same to our port, where the kernel sends nothing beyond its window: what
 *                 comes in order is acknowledged, and the last in order once more for what does not
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../kmod/netlink/netlink-messages.h"
#include "netlink-socket.h"
#include "page-blocks.h"
#include "timed-io.h"
#include "trigger.h"

#define MAX_BYTES 65536
#define MAX_LISTENERS 16
#define GROUP 1
/* Far above twice what a message is accounted with: past half of it nlmsg_multicast() yields the CPU. */
#define RECEIVE_BUFFER (1 << 20)

/* Aligned as malloc(3) would at least: the kernel copies otherwise to what is not aligned to words. */
struct datagram {
	struct nlmsghdr header;
	unsigned char message[MAX_BYTES];
} __attribute__((aligned(64)));

struct acknowledgement {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

/* That of malloc(3). */
#define POOL_ALIGNMENT 16u

/* Memory that is handed out from its beginning to its end, and then again. */
struct pool {
	size_t used;
	unsigned char memory[2 * sizeof(struct datagram)] __attribute__((aligned(POOL_ALIGNMENT)));
};

struct netlink {
	int sockets[MAX_LISTENERS];
	unsigned int socket_count;
	struct page_blocks blocks;
	/* Keeps buffers, and has to do with no module. */
	int keeper;
	int trigger;
	int epoll;
	struct sockaddr_nl kernel;
	struct datagram out;
	struct datagram in;
	struct nlmsghdr answer;
	/* nlmsg_seq of the next message in order. */
	uint32_t expected;
	struct pool pool;
};

static inline __attribute__((always_inline)) long sys_sendto(int fd, const void *from, size_t bytes,
							      const struct sockaddr_nl *to)
{
	return sys6(SYS_sendto, fd, (long)from, (long)bytes, 0, (long)to, sizeof(*to));
}

static inline __attribute__((always_inline)) long sys_recv(int fd, void *to, size_t bytes, int flags)
{
	return sys6(SYS_recvfrom, fd, (long)to, (long)bytes, flags, 0, 0);
}

static struct nlmsghdr header_of(enum rcnl_type type, size_t bytes, unsigned int flags, uint64_t seq)
{
	return (struct nlmsghdr){
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(bytes),
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = (uint32_t)seq,
	};
}

/* What the kernel passes over: netlink_rcv_skb() in net/netlink/af_netlink.c. */
static const struct nlmsghdr no_op = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_NOOP };

static int set_room_by(struct bench_run *run, int fd, int option, uint32_t room)
{
	if (setsockopt(fd, SOL_SOCKET, option, &room, sizeof(room)))
		return bench_fail(run, errno, "setsockopt");
	return 0;
}

static int set_room(struct bench_run *run, int fd, uint32_t room)
{
	return set_room_by(run, fd, SO_RCVBUFFORCE, room);
}

static int enlarge(struct bench_run *run, int fd)
{
	return set_room(run, fd, RECEIVE_BUFFER);
}

/* Adds a socket at a port that the kernel chooses. */
static int add_listener(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	const struct sockaddr_nl anywhere = { .nl_family = AF_NETLINK };
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, RCNL_PROTOCOL);

	if (fd < 0)
		return bench_fail(run, errno, "socket");
	netlink->sockets[netlink->socket_count++] = fd;
	if (bind(fd, (const struct sockaddr *)&anywhere, sizeof(anywhere)))
		return bench_fail(run, errno, "bind");
	return enlarge(run, fd);
}

/* What is still queued in a socket that is closed, an RCU callback frees: later, inside another run. */
static void close_keeper(int keeper)
{
	if (keeper < 0)
		return;
	while (sys_recv(keeper, NULL, 0, MSG_DONTWAIT) >= 0)
		;
	close(keeper);
}

static void finish(struct bench_run *run)
{
	struct netlink *netlink = run->state;

	if (netlink->epoll >= 0)
		close(netlink->epoll);
	if (netlink->trigger >= 0)
		close(netlink->trigger);
	page_blocks_release(&netlink->blocks);
	close_keeper(netlink->keeper);
	while (netlink->socket_count)
		close(netlink->sockets[--netlink->socket_count]);
}

static int fail_prepare(struct bench_run *run)
{
	finish(run);
	return -1;
}

/* What every bench begins with. The message is composed where it is sent from, behind its header. */
static int prepare_sockets(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	int fd;

	netlink->keeper = -1;
	netlink->trigger = -1;
	netlink->epoll = -1;
	netlink->kernel.nl_family = AF_NETLINK;
	run->out = netlink->out.message;
	fd = netlink_open(run, RCNL_PROTOCOL);
	if (fd < 0)
		return -1;
	netlink->sockets[netlink->socket_count++] = fd;
	return enlarge(run, fd) || page_blocks_settle(run, &netlink->blocks, run->bytes) ? -1 : 0;
}

static int prepare_send(struct bench_run *run)
{
	struct netlink *netlink = run->state;

	if (prepare_sockets(run))
		return fail_prepare(run);
	netlink->out.header = header_of(RCNL_MESSAGE, run->bytes, 0, 0);
	return 0;
}

static int prepare_send_acknowledged(struct bench_run *run)
{
	struct netlink *netlink = run->state;

	if (prepare_sockets(run) || netlink_expect_answers(run, netlink->sockets[0]))
		return fail_prepare(run);
	netlink->out.header = header_of(RCNL_MESSAGE, run->bytes, NLM_F_ACK, 0);
	return 0;
}

/* The acknowledgement of message `seq`: 0, or what it tells. */
static int check_acknowledged(struct bench_run *run, const void *datagram, long bytes, uint64_t seq)
{
	const struct acknowledgement *got = datagram;

	if (bytes != sizeof(*got) || got->header.nlmsg_type != NLMSG_ERROR ||
	    got->header.nlmsg_seq != (uint32_t)seq)
		return bench_fail_result(run, bytes, "acknowledgement");
	return got->error.error ? bench_fail(run, -got->error.error, "acknowledgement") : 0;
}

/* Makes the kernel send its messages to this run. */
static int subscribe(struct bench_run *run, const struct rcnl_subscription *wanted)
{
	struct netlink *netlink = run->state;
	const int fd = netlink->sockets[0];
	const struct {
		struct nlmsghdr header;
		struct rcnl_subscription wanted;
	} request = { header_of(RCNL_SUBSCRIBE, sizeof(*wanted), NLM_F_ACK, 0), *wanted };
	long done;

	done = sys_sendto(fd, &request, sizeof(request), &netlink->kernel);
	if (done != sizeof(request))
		return bench_fail_result(run, done, "sendto");
	done = sys_recv(fd, &netlink->in, sizeof(netlink->in), 0);
	return check_acknowledged(run, &netlink->in, done, 0);
}

static int prepare_subscribed(struct bench_run *run, const struct rcnl_subscription *wanted)
{
	struct netlink *netlink = run->state;

	if (subscribe(run, wanted))
		return -1;
	netlink->trigger = trigger_open(run, "netlink", "produce");
	return netlink->trigger < 0 ? -1 : 0;
}

static int prepare_receive(struct bench_run *run)
{
	const struct rcnl_subscription alone = { 0 };

	return prepare_sockets(run) || prepare_subscribed(run, &alone) ? fail_prepare(run) : 0;
}

static int prepare_receive_acknowledged(struct bench_run *run)
{
	const struct rcnl_subscription acknowledging = { .flags = RCNL_ACKNOWLEDGES };

	return prepare_sockets(run) || prepare_subscribed(run, &acknowledging) ? fail_prepare(run) : 0;
}

static int watch(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	struct epoll_event event = { .events = EPOLLIN };

	netlink->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (netlink->epoll < 0)
		return bench_fail(run, errno, "epoll_create1");
	if (epoll_ctl(netlink->epoll, EPOLL_CTL_ADD, netlink->sockets[0], &event))
		return bench_fail(run, errno, "epoll_ctl");
	return 0;
}

static int prepare_epoll(struct bench_run *run)
{
	const struct rcnl_subscription alone = { 0 };

	return prepare_sockets(run) || watch(run) || prepare_subscribed(run, &alone) ? fail_prepare(run) : 0;
}

static int join(struct bench_run *run, int fd)
{
	const int group = GROUP;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return bench_fail(run, errno, "setsockopt");
	return 0;
}

static int open_keeper(struct bench_run *run, struct sockaddr_nl *self)
{
	struct netlink *netlink = run->state;
	socklen_t bytes = sizeof(*self);
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);

	if (fd < 0)
		return bench_fail(run, errno, "socket");
	netlink->keeper = fd;
	self->nl_family = AF_NETLINK;
	if (bind(fd, (struct sockaddr *)self, bytes))
		return bench_fail(run, errno, "bind");
	if (getsockname(fd, (struct sockaddr *)self, &bytes))
		return bench_fail(run, errno, "getsockname");
	return enlarge(run, fd);
}

/* The cost of a message to all others of the group, from the first of them; 0 when the run has failed. */
static uint64_t cost_of_group(struct bench_run *run)
{
	const struct netlink *netlink = run->state;
	const struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1u << (GROUP - 1) };
	const uint64_t start = window_open();
	long done = sys_sendto(netlink->sockets[0], &no_op, sizeof(no_op), &group);

	for (unsigned int i = 1; done == sizeof(no_op) && i < netlink->socket_count; i++)
		done = sys_recv(netlink->sockets[i], NULL, 0, MSG_TRUNC);
	if (done == sizeof(no_op))
		return window_close() - start;
	bench_fail_result(run, done, "sendto");
	return 0;
}

/*
 * Sixteen listeners need as many struct sk_buff at once as a slab of them holds. Taking and freeing them
 * costs least where all are of the slab that the allocator is at, which depends on how many of it are
 * in use. So one after the other is taken and kept: first through more than a whole slab, to learn what
 * the best place costs, then until it is reached again.
 */
static int settle_buffers(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	/* 16 objects of 256 bytes on a machine with one CPU, 32 on a larger one. */
	const unsigned int more_than_a_slab = 40;
	struct sockaddr_nl self = { 0 };
	uint64_t least = UINT64_MAX;

	if (open_keeper(run, &self))
		return -1;
	for (unsigned int taken = 0; taken < 2 * more_than_a_slab; taken++) {
		uint64_t cost = UINT64_MAX;
		long done;

		/* The first may have to fetch a slab, or meet a tick. */
		for (int i = 0; i < 3; i++) {
			const uint64_t once = cost_of_group(run);

			if (!once)
				return -1;
			cost = once < cost ? once : cost;
		}
		if (taken >= more_than_a_slab && cost <= least)
			return 0;
		if (cost < least)
			least = cost;
		done = sys_sendto(netlink->keeper, &no_op, sizeof(no_op), &self);
		if (done != sizeof(no_op))
			return bench_fail_result(run, done, "sendto");
	}
	return 0;
}

static int prepare_multicast(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	const struct rcnl_subscription group = { .group = GROUP };

	if (prepare_sockets(run))
		return fail_prepare(run);
	while (netlink->socket_count < bench_listeners(run))
		if (add_listener(run))
			return fail_prepare(run);
	for (unsigned int i = 0; i < netlink->socket_count; i++)
		if (join(run, netlink->sockets[i]))
			return fail_prepare(run);
	return prepare_subscribed(run, &group) || settle_buffers(run) ? fail_prepare(run) : 0;
}

static int send_unicast(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;
	const size_t bytes = NLMSG_LENGTH(run->bytes);
	const int fd = netlink->sockets[0];
	uint64_t start;
	uint64_t end;
	long done;

	bench_compose(run, seq);
	start = window_open();
	done = sys_sendto(fd, &netlink->out, bytes, &netlink->kernel);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "sendto");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int send_gathered(struct bench_run *run, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const size_t half = run->bytes / 2;
	struct iovec parts[] = {
		{ &netlink->out.header, sizeof(netlink->out.header) },
		{ run->out, half },
		{ run->out + half, run->bytes - half },
	};
	const struct msghdr message = {
		.msg_name = &netlink->kernel,
		.msg_namelen = sizeof(netlink->kernel),
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts),
	};
	const int fd = netlink->sockets[0];
	uint64_t start;
	uint64_t end;
	long done;

	bench_compose(run, seq);
	start = window_open();
	done = sys3(SYS_sendmsg, fd, (long)&message, 0);
	end = window_close();
	if (done != (long)NLMSG_LENGTH(run->bytes))
		return bench_fail_result(run, done, "sendmsg");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

static int send_acknowledged(struct bench_run *run, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const size_t bytes = NLMSG_LENGTH(run->bytes);
	const int fd = netlink->sockets[0];
	uint64_t start;
	uint64_t end;
	long done;
	long got;

	bench_compose(run, seq);
	netlink->out.header.nlmsg_seq = (uint32_t)seq;
	start = window_open();
	done = sys_sendto(fd, &netlink->out, bytes, &netlink->kernel);
	got = sys_recv(fd, &netlink->in, sizeof(netlink->in), 0);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "sendto");
	bench_stamp(run, SENT, seq, start, end);
	return check_acknowledged(run, &netlink->in, got, seq);
}

/* The kernel sends: its window is the module's, this call is only what tells it to. */
static int produce(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;

	return trigger_produce(run, netlink->trigger, seq);
}

/* A datagram of `bytes` bytes, or a negative errno instead, is message `seq`. */
static int check_datagram(struct bench_run *run, const struct datagram *in, long bytes, uint64_t seq)
{
	if (bytes != (long)NLMSG_SPACE(run->bytes) || in->header.nlmsg_type != RCNL_MESSAGE ||
	    in->header.nlmsg_len != NLMSG_LENGTH(run->bytes))
		return bench_fail_result(run, bytes, "recvfrom");
	return bench_verify(run, in->message, seq);
}

static int receive_from(struct bench_run *run, int fd, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const size_t room = NLMSG_SPACE(run->bytes);
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys_recv(fd, &netlink->in, room, 0);
	end = window_close();
	if (check_datagram(run, &netlink->in, done, seq))
		return -1;
	bench_stamp(run, RECEIVED, seq, start, end);
	return 0;
}

static int receive_unicast(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;

	return receive_from(run, netlink->sockets[0], seq);
}

static int receive_multicast(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;

	for (unsigned int i = 0; i < netlink->socket_count; i++)
		if (receive_from(run, netlink->sockets[i], seq))
			return -1;
	return 0;
}

/*
 * NULL where the pool is smaller than that. A mask and no branch leads back to the beginning, so that a
 * message there costs what every other does: of the largest size every second one lies there, and a
 * median between two costs would be either of them by chance.
 */
static inline void *pool_take(struct pool *pool, size_t bytes)
{
	const size_t wanted = (bytes + POOL_ALIGNMENT - 1) & ~(size_t)(POOL_ALIGNMENT - 1);
	size_t fits;
	size_t at;

	if (bytes > sizeof(pool->memory))
		return NULL;
	fits = pool->used + wanted <= sizeof(pool->memory);
	at = pool->used & -fits;
	pool->used = at + wanted;
	return pool->memory + at;
}

static int receive_peeking(struct bench_run *run, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const int fd = netlink->sockets[0];
	uint64_t start;
	uint64_t end;
	long bytes;
	long done;
	void *in;

	start = window_open();
	bytes = sys_recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	in = pool_take(&netlink->pool, (size_t)bytes);
	done = sys_recv(fd, in, (size_t)bytes, 0);
	end = window_close();
	if (bytes < 0)
		return bench_fail_result(run, bytes, "recvfrom");
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_datagram(run, in, done, seq);
}

static int receive_acknowledging(struct bench_run *run, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const size_t room = NLMSG_SPACE(run->bytes);
	const int fd = netlink->sockets[0];
	uint64_t start;
	uint64_t end;
	long done;
	long sent;

	netlink->answer = header_of(RCNL_ACK, 0, 0, seq);
	start = window_open();
	done = sys_recv(fd, &netlink->in, room, 0);
	sent = sys_sendto(fd, &netlink->answer, sizeof(netlink->answer), &netlink->kernel);
	end = window_close();
	if (sent != sizeof(netlink->answer))
		return bench_fail_result(run, sent, "sendto");
	bench_stamp(run, RECEIVED, seq, start, end);
	return check_datagram(run, &netlink->in, done, seq);
}

/* Without a window: for what is not the bench's subject. */
static int read_untimed(struct bench_run *run, uint64_t seq)
{
	struct netlink *netlink = run->state;
	const long done = sys_recv(netlink->sockets[0], &netlink->in, sizeof(netlink->in), 0);

	return check_datagram(run, &netlink->in, done, seq);
}

static int receive_poll(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;

	return timed_poll(run, netlink->sockets[0], POLLIN, seq) ? -1 : read_untimed(run, seq);
}

static int receive_epoll(struct bench_run *run, uint64_t seq)
{
	const struct netlink *netlink = run->state;

	return timed_epoll(run, netlink->epoll, seq) ? -1 : read_untimed(run, seq);
}

static int prepare_load(struct bench_run *run)
{
	const struct netlink *netlink = run->state;

	if (prepare_receive(run))
		return -1;
	return set_room(run, netlink->sockets[0], run->buffer) ? fail_prepare(run) : 0;
}

/* As prepare_load(), with no more room than anybody may have: SO_RCVBUF makes larger and smaller. */
static int prepare_plain_load(struct bench_run *run)
{
	const struct netlink *netlink = run->state;

	if (prepare_receive(run))
		return -1;
	return set_room_by(run, netlink->sockets[0], SO_RCVBUF, run->buffer) ? fail_prepare(run) : 0;
}

/*
 * The other member of the group has room for all and reads nothing: were there none, nlmsg_multicast() would
 * not find anybody who takes the message, and say so (ESRCH).
 */
static int prepare_group_load(struct bench_run *run)
{
	const struct rcnl_subscription group = { .group = GROUP };
	const struct netlink *netlink = run->state;

	if (prepare_sockets(run) || add_listener(run) || join(run, netlink->sockets[0]) ||
	    join(run, netlink->sockets[1]) || prepare_subscribed(run, &group))
		return fail_prepare(run);
	return set_room(run, netlink->sockets[0], run->buffer) ? fail_prepare(run) : 0;
}

static long take(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	struct iovec parts[] = {
		{ &netlink->in.header, sizeof(netlink->in.header) },
		{ run->in, run->bytes },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	const long got = sys3(SYS_recvmsg, netlink->sockets[0], (long)&message, MSG_DONTWAIT);

	if (got < 0)
		return got;
	/* What is no message of ours is none of the account's. */
	return netlink->in.header.nlmsg_type == RCNL_MESSAGE ? got - (long)sizeof(netlink->in.header) : 0;
}

static int prepare_windowed_load(struct bench_run *run)
{
	const struct rcnl_subscription windowed = { .flags = RCNL_WINDOWED };
	const struct netlink *netlink = run->state;

	if (prepare_sockets(run) || prepare_subscribed(run, &windowed))
		return fail_prepare(run);
	return set_room(run, netlink->sockets[0], run->buffer) ? fail_prepare(run) : 0;
}

/* All before the expected message has come. */
static int acknowledge_in_order(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	long done;

	netlink->answer = header_of(RCNL_ACK, 0, 0, netlink->expected - 1);
	done = sys_sendto(netlink->sockets[0], &netlink->answer, sizeof(netlink->answer), &netlink->kernel);
	return done == sizeof(netlink->answer) ? 0 : bench_fail_result(run, done, "sendto");
}

static long take_windowed(struct bench_run *run)
{
	struct netlink *netlink = run->state;
	const long got = take(run);
	int32_t ahead;

	if (got <= 0)
		return got;
	/* Numbers go round: the distance tells. */
	ahead = (int32_t)(netlink->in.header.nlmsg_seq - netlink->expected);
	if (ahead < 0)
		run->recognised++;
	if (ahead == 0)
		netlink->expected++;
	if (acknowledge_in_order(run))
		return 0;
	return ahead ? 0 : got;
}

static int readable(const struct bench_run *run)
{
	const struct netlink *netlink = run->state;

	return netlink->sockets[0];
}

#define COMMON                                                                                          \
	.min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, .state_bytes = sizeof(struct netlink), \
	.finish = finish
#define TO_KERNEL .direction = U2K, COMMON
#define TO_USER .direction = K2U, COMMON, .send = produce
#define FROM_WORKER .direction = K2U, COMMON, .module = "netlink", .readable = readable
#define LOAD FROM_WORKER, .take = take
#define WINDOWED_LOAD FROM_WORKER, .take = take_windowed
#define MULTICAST TO_USER, .prepare = prepare_multicast, .receive = receive_multicast

static const struct bench benches[] = {
	{ .variant = "unicast", TO_KERNEL, .prepare = prepare_send, .send = send_unicast },
	{ .variant = "gather", TO_KERNEL, .prepare = prepare_send, .send = send_gathered },
	{ .variant = "acknowledged",
	  TO_KERNEL,
	  .prepare = prepare_send_acknowledged,
	  .send = send_acknowledged },
	{ .variant = "unicast", TO_USER, .prepare = prepare_receive, .receive = receive_unicast },
	{ .variant = "peek", TO_USER, .prepare = prepare_receive, .receive = receive_peeking },
	{ .variant = "blocking",
	  TO_USER,
	  .blocking = true,
	  .prepare = prepare_receive,
	  .receive = receive_unicast },
	{ .variant = "poll", TO_USER, .blocking = true, .prepare = prepare_receive, .receive = receive_poll },
	{ .variant = "epoll", TO_USER, .blocking = true, .prepare = prepare_epoll, .receive = receive_epoll },
	{ .variant = "acknowledged",
	  TO_USER,
	  .prepare = prepare_receive_acknowledged,
	  .receive = receive_acknowledging },
	{ .variant = "multicast-1", MULTICAST, .listeners = 1 },
	{ .variant = "multicast-4", MULTICAST, .listeners = 4 },
	{ .variant = "multicast-16", MULTICAST, .listeners = MAX_LISTENERS },
	{ .variant = "load-unicast", LOAD, .prepare = prepare_load },
	{ .variant = "load-rcvbuf", LOAD, .prepare = prepare_plain_load },
	{ .variant = "load-multicast", LOAD, .prepare = prepare_group_load },
	{ .variant = "load-windowed", WINDOWED_LOAD, .prepare = prepare_windowed_load },
};

MECHANISM(netlink, .name = "netlink", .benches = benches, .bench_count = ARRAY_SIZE(benches));
