// SPDX-License-Identifier: MIT
/*
 * Generic netlink: the family "ringcross" of kmod/genetlink, whose genetlink-commands.h says what its
 * commands are.
 *
 * u2k `do`: one send of a command that carries the message as an attribute.
 * u2k `do-reply`: the same and the recv of the reply, in one window.
 * k2u `event`: a trigger makes the kernel send to our port, then one recv finds
 * the event there. `blocking`: the reader is blocked in recv when the trigger is
 * pulled. `poll`: it is blocked in poll(2), and reads untimed afterwards.
 * `multicast-N`: N sockets are members of the group, each receives and stamps.
 * `dump`: an untimed request makes the kernel fill in one entry, and one recv
 * takes it, with the end of the dump behind it.
 * `load-unicast`, `load-multicast`: experiments on reliability, in which the kernel sends events at its
 * pace to our port, or to our group, and our receive buffer is as large as asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../kmod/genetlink/genetlink-commands.h"
#include "netlink-socket.h"
#include "page-blocks.h"
#include "timed-io.h"
#include "trigger.h"

#define MAX_LISTENERS 16
#define MAX_BYTES GENETLINK_MAX_PAYLOAD

/* What a message takes beside its payload: headers, its number and, in a dump, the end of it. */
#define BESIDE 128
/*
 * For the kernel's answers to commands. A dump's buffer is as large as the largest that the
 * socket was ever read with, but no smaller than this, so that it does not count.
 */
#define CONTROL_ROOM 2048

/* For as many messages as an experiment sends. */
#define RECEIVE_BUFFER (1 << 20)

struct message {
	struct nlmsghdr header;
	struct genlmsghdr command;
	unsigned char attributes[NLA_ALIGN(MAX_BYTES) + BESIDE];
};

_Static_assert(offsetof(struct message, attributes) == NLMSG_HDRLEN + GENL_HDRLEN, "as on the wire");

struct client {
	/* The first one also sends. */
	int fds[MAX_LISTENERS];
	unsigned int count;
	int trigger;
	uint16_t family;
	uint32_t group;
	struct message out;
	struct message in;
	struct page_blocks blocks;
};

static void start_message(struct message *message, uint16_t type, uint8_t command, uint16_t flags)
{
	message->header = (struct nlmsghdr){
		.nlmsg_len = offsetof(struct message, attributes),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	message->command = (struct genlmsghdr){ .cmd = command, .version = GENETLINK_VERSION };
}

/* Adds an attribute to the message and returns where its value is. */
static void *put(struct message *message, uint16_t type, const void *value, size_t bytes)
{
	struct nlattr *attribute = (struct nlattr *)((unsigned char *)message + message->header.nlmsg_len);
	void *at = (unsigned char *)attribute + NLA_HDRLEN;

	attribute->nla_len = (uint16_t)(NLA_HDRLEN + bytes);
	attribute->nla_type = type;
	memcpy(at, value, bytes);
	message->header.nlmsg_len += (uint32_t)NLA_ALIGN(attribute->nla_len);
	return at;
}

/* The attribute of that type among those in `bytes` bytes, or NULL; `length` is that of its value. */
static const void *get(const void *attributes, size_t bytes, uint16_t type, size_t *length)
{
	const unsigned char *at = attributes;

	while (bytes >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const struct nlattr *)at;
		const size_t whole = attribute->nla_len;

		if (whole < NLA_HDRLEN || whole > bytes)
			return NULL;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type) {
			*length = whole - NLA_HDRLEN;
			return at + NLA_HDRLEN;
		}
		if (NLA_ALIGN(whole) >= bytes)
			return NULL;
		at += NLA_ALIGN(whole);
		bytes -= NLA_ALIGN(whole);
	}
	return NULL;
}

/* The same in the first message of what was received. */
static const void *find(const struct message *message, long received, uint16_t type, size_t *length)
{
	const size_t bytes = message->header.nlmsg_len;

	if (received < (long)offsetof(struct message, attributes) || bytes > (size_t)received ||
	    bytes < offsetof(struct message, attributes))
		return NULL;
	return get(message->attributes, bytes - offsetof(struct message, attributes), type, length);
}

static inline __attribute__((always_inline)) long sys_send(int fd, const void *from, size_t bytes)
{
	return sys6(SYS_sendto, fd, (long)from, (long)bytes, 0, 0, 0);
}

static inline __attribute__((always_inline)) long sys_recv(int fd, void *to, size_t bytes)
{
	return sys6(SYS_recvfrom, fd, (long)to, (long)bytes, 0, 0, 0);
}

static int send_plain(struct bench_run *run, int fd, const struct message *message)
{
	const long done = sys_send(fd, message, message->header.nlmsg_len);

	return done == (long)message->header.nlmsg_len ? 0 : bench_fail_result(run, done, "send");
}

/* Sends a command and waits until the kernel has acknowledged it. */
static int request(struct bench_run *run, struct client *client, uint8_t command)
{
	const struct nlmsgerr *answer = NLMSG_DATA(&client->in.header);
	long done;

	start_message(&client->out, client->family, command, NLM_F_ACK);
	if (send_plain(run, client->fds[0], &client->out))
		return -1;
	done = sys_recv(client->fds[0], &client->in, CONTROL_ROOM);
	if (done < (long)NLMSG_LENGTH(sizeof(*answer)) || client->in.header.nlmsg_type != NLMSG_ERROR)
		return bench_fail_result(run, done, "recv");
	return answer->error ? bench_fail(run, -answer->error, "generic netlink command") : 0;
}

/* Reads the group's number out of the list that comes with the family: entries of name and number. */
static uint32_t group_of(const void *groups, size_t bytes)
{
	uint32_t group = 0;
	size_t length;

	/* The entries are numbered from one. */
	for (uint16_t i = 1; !group; i++) {
		const void *entry = get(groups, bytes, i, &length);
		const size_t entry_bytes = length;
		const char *name;
		const void *number;

		if (!entry)
			break;
		name = get(entry, entry_bytes, CTRL_ATTR_MCAST_GRP_NAME, &length);
		if (!name || length != sizeof(GENETLINK_GROUP) || memcmp(name, GENETLINK_GROUP, length))
			continue;
		number = get(entry, entry_bytes, CTRL_ATTR_MCAST_GRP_ID, &length);
		if (number && length == sizeof(group))
			memcpy(&group, number, sizeof(group));
	}
	return group;
}

/* Asks the controller for the numbers that the kernel has given to the family and to its group. */
static int resolve(struct bench_run *run, struct client *client)
{
	const int fd = client->fds[0];
	const void *family;
	const void *groups;
	size_t length;
	long done;

	start_message(&client->out, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put(&client->out, CTRL_ATTR_FAMILY_NAME, GENETLINK_FAMILY, sizeof(GENETLINK_FAMILY));
	if (send_plain(run, fd, &client->out))
		return -1;
	done = sys_recv(fd, &client->in, CONTROL_ROOM);
	if (done < 0)
		return bench_fail_result(run, done, "recv");
	if (client->in.header.nlmsg_type != GENL_ID_CTRL)
		return bench_fail(run, ENOENT, "CTRL_CMD_GETFAMILY");
	family = find(&client->in, done, CTRL_ATTR_FAMILY_ID, &length);
	if (!family || length != sizeof(client->family))
		return bench_fail(run, EBADMSG, "CTRL_ATTR_FAMILY_ID");
	memcpy(&client->family, family, sizeof(client->family));
	groups = find(&client->in, done, CTRL_ATTR_MCAST_GROUPS, &length);
	client->group = groups ? group_of(groups, length) : 0;
	return client->group ? 0 : bench_fail(run, EBADMSG, "CTRL_ATTR_MCAST_GROUPS");
}

static void close_all(struct client *client)
{
	close(client->trigger);
	page_blocks_release(&client->blocks);
	while (client->count)
		close(client->fds[--client->count]);
}

static int prepare(struct bench_run *run)
{
	struct client *client = run->state;

	client->trigger = trigger_open(run, "genetlink", "produce");
	if (client->trigger < 0)
		return -1;
	client->fds[0] = netlink_open(run, NETLINK_GENERIC);
	if (client->fds[0] < 0)
		goto close;
	client->count = 1;
	/* The kernel's buffer of a message holds what is beside it, too. */
	if (resolve(run, client) || page_blocks_settle(run, &client->blocks, run->bytes + BESIDE))
		goto close;
	return 0;

close:
	close_all(client);
	return -1;
}

static void finish(struct bench_run *run)
{
	close_all(run->state);
}

/* A command that carries the message: run->bench->data is which. */
static int prepare_command(struct bench_run *run)
{
	const uint8_t *command = run->bench->data;
	struct client *client = run->state;

	if (prepare(run))
		return -1;
	if (netlink_expect_answers(run, client->fds[0])) {
		close_all(client);
		return -1;
	}
	start_message(&client->out, client->family, *command, 0);
	put(&client->out, GENETLINK_PAYLOAD, run->out, run->bytes);
	return 0;
}

/* Puts message `seq` into the command that prepare_command() began. */
static void compose(struct bench_run *run, uint64_t seq)
{
	struct client *client = run->state;

	bench_compose(run, seq);
	memcpy(client->out.attributes + NLA_HDRLEN, run->out, run->bytes);
}

static int send_do(struct bench_run *run, uint64_t seq)
{
	const struct client *client = run->state;
	const int fd = client->fds[0];
	const size_t bytes = client->out.header.nlmsg_len;
	uint64_t start;
	uint64_t end;
	long done;

	compose(run, seq);
	start = window_open();
	done = sys_send(fd, &client->out, bytes);
	end = window_close();
	if (done != (long)bytes)
		return bench_fail_result(run, done, "send");
	bench_stamp(run, SENT, seq, start, end);
	return 0;
}

/* A message of the family must carry the number; a command that was refused is answered by an error. */
static int verify_number(struct bench_run *run, long received, uint64_t seq)
{
	const struct client *client = run->state;
	size_t length;
	const void *value;

	if (received < 0)
		return bench_fail_result(run, received, "recv");
	if (client->in.header.nlmsg_type != client->family)
		return bench_fail(run, EBADMSG, "message type");
	value = find(&client->in, received, GENETLINK_SEQ, &length);
	if (!value || length != sizeof(seq) || ringcross_message_seq(value) != seq)
		return bench_fail(run, EBADMSG, "sequence number");
	return 0;
}

static int send_exchange(struct bench_run *run, uint64_t seq)
{
	struct client *client = run->state;
	const int fd = client->fds[0];
	const size_t bytes = client->out.header.nlmsg_len;
	uint64_t start;
	uint64_t end;
	long sent;
	long received;

	compose(run, seq);
	start = window_open();
	sent = sys_send(fd, &client->out, bytes);
	received = sys_recv(fd, &client->in, CONTROL_ROOM);
	end = window_close();
	if (sent != (long)bytes)
		return bench_fail_result(run, sent, "send");
	bench_stamp(run, SENT, seq, start, end);
	return verify_number(run, received, seq);
}

static int prepare_subscriber(struct bench_run *run)
{
	struct client *client = run->state;

	if (prepare(run))
		return -1;
	if (!request(run, client, GENETLINK_SUBSCRIBE))
		return 0;
	close_all(client);
	return -1;
}

/* Other benches' events go to the group again. */
static void finish_subscriber(struct bench_run *run)
{
	request(run, run->state, GENETLINK_UNSUBSCRIBE);
	close_all(run->state);
}

/* Adds a socket that listens to the group, until there are as many as the bench wants. */
static int listen_to_group(struct bench_run *run, struct client *client)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	while (client->count < bench_listeners(run)) {
		const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

		if (fd < 0)
			return bench_fail(run, errno, "socket");
		client->fds[client->count++] = fd;
		/* Without a port a member of the group is passed over. */
		if (bind(fd, (const struct sockaddr *)&any, sizeof(any)))
			return bench_fail(run, errno, "bind");
	}
	for (unsigned int i = 0; i < client->count; i++)
		if (setsockopt(client->fds[i], SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &client->group,
			       sizeof(client->group)))
			return bench_fail(run, errno, "setsockopt");
	return 0;
}

static int prepare_listeners(struct bench_run *run)
{
	struct client *client = run->state;

	if (prepare(run))
		return -1;
	if (!listen_to_group(run, client))
		return 0;
	close_all(client);
	return -1;
}

/* The kernel sends: its window is the module's, this call is only what tells it to. */
static int produce(struct bench_run *run, uint64_t seq)
{
	const struct client *client = run->state;

	return trigger_produce(run, client->trigger, seq);
}

/* Judges what was received: its number, as an attribute and in the payload, and the payload. */
static int verify_message(struct bench_run *run, long received, uint64_t seq)
{
	const struct client *client = run->state;
	size_t length;
	const void *payload;

	if (verify_number(run, received, seq))
		return -1;
	payload = find(&client->in, received, GENETLINK_PAYLOAD, &length);
	if (!payload || length != run->bytes)
		return bench_fail(run, EBADMSG, "payload");
	return bench_verify(run, payload, seq);
}

static int timed_recv(struct bench_run *run, int fd, uint64_t seq)
{
	struct client *client = run->state;
	const size_t bytes = run->bytes + BESIDE;
	uint64_t start;
	uint64_t end;
	long done;

	start = window_open();
	done = sys_recv(fd, &client->in, bytes);
	end = window_close();
	if (done >= 0)
		bench_stamp(run, RECEIVED, seq, start, end);
	return verify_message(run, done, seq);
}

static int receive_all(struct bench_run *run, uint64_t seq)
{
	const struct client *client = run->state;

	for (unsigned int i = 0; i < client->count; i++)
		if (timed_recv(run, client->fds[i], seq))
			return -1;
	return 0;
}

static int receive_poll(struct bench_run *run, uint64_t seq)
{
	struct client *client = run->state;
	const int fd = client->fds[0];

	if (timed_poll(run, fd, POLLIN, seq))
		return -1;
	return verify_message(run, sys_recv(fd, &client->in, run->bytes + BESIDE), seq);
}

/* The kernel's window is the filling of the entry, which it does before the request's send returns. */
static int request_dump(struct bench_run *run, uint64_t seq)
{
	const uint32_t bytes = (uint32_t)run->bytes;
	struct client *client = run->state;

	start_message(&client->out, client->family, GENETLINK_LIST, NLM_F_DUMP);
	put(&client->out, GENETLINK_SEQ, &seq, sizeof(seq));
	put(&client->out, GENETLINK_BYTES, &bytes, sizeof(bytes));
	return send_plain(run, client->fds[0], &client->out);
}

static int set_room(struct bench_run *run, int fd, uint32_t room)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		return bench_fail(run, errno, "setsockopt");
	return 0;
}

static int prepare_load(struct bench_run *run)
{
	const struct client *client = run->state;

	if (prepare_subscriber(run))
		return -1;
	if (!set_room(run, client->fds[0], run->buffer))
		return 0;
	finish_subscriber(run);
	return -1;
}

/* The second listener has room for all and reads nothing: with one alone, what does not fit is ESRCH to the sender. */
static int prepare_group_load(struct bench_run *run)
{
	const struct client *client = run->state;

	if (prepare_listeners(run))
		return -1;
	if (!set_room(run, client->fds[0], run->buffer) && !set_room(run, client->fds[1], RECEIVE_BUFFER))
		return 0;
	finish(run);
	return -1;
}

static long take(struct bench_run *run)
{
	struct client *client = run->state;
	const void *payload;
	size_t length;
	long got;

	got = sys6(SYS_recvfrom, client->fds[0], (long)&client->in, (long)(run->bytes + BESIDE), MSG_DONTWAIT, 0, 0);
	if (got < 0)
		return got;
	/* What is no event of ours is none of the account's. */
	if (client->in.header.nlmsg_type != client->family || client->in.command.cmd != GENETLINK_EVENT)
		return 0;
	payload = find(&client->in, got, GENETLINK_PAYLOAD, &length);
	if (!payload || length > run->bytes)
		return -EBADMSG;
	memcpy(run->in, payload, length);
	return (long)length;
}

static int readable(const struct bench_run *run)
{
	const struct client *client = run->state;

	return client->fds[0];
}

#define COMMON                                                                                              \
	.min_bytes = RINGCROSS_MESSAGE_MIN, .max_bytes = MAX_BYTES, .state_bytes = sizeof(struct client)

#define COMMAND(number)                                                                                     \
	.direction = U2K, COMMON, .data = &(const uint8_t){ number }, .prepare = prepare_command,            \
	.finish = finish

#define SUBSCRIBER                                                                                          \
	.direction = K2U, COMMON, .prepare = prepare_subscriber, .finish = finish_subscriber,                \
	.send = produce

#define LISTENERS(count)                                                                                    \
	.direction = K2U, COMMON, .listeners = count, .prepare = prepare_listeners, .finish = finish,       \
	.send = produce, .receive = receive_all

#define LOAD .direction = K2U, COMMON, .module = "genetlink", .take = take, .readable = readable

static const struct bench benches[] = {
	{ .variant = "do", COMMAND(GENETLINK_SEND), .send = send_do },
	{ .variant = "do-reply", COMMAND(GENETLINK_EXCHANGE), .send = send_exchange },
	{ .variant = "event", SUBSCRIBER, .receive = receive_all },
	{ .variant = "blocking", SUBSCRIBER, .blocking = true, .receive = receive_all },
	{ .variant = "poll", SUBSCRIBER, .blocking = true, .receive = receive_poll },
	{ .variant = "multicast-1", LISTENERS(1) },
	{ .variant = "multicast-4", LISTENERS(4) },
	{ .variant = "multicast-16", LISTENERS(16) },
	{ .variant = "dump",
	  .direction = K2U,
	  COMMON,
	  .prepare = prepare,
	  .finish = finish,
	  .send = request_dump,
	  .receive = receive_all },
	{ .variant = "load-unicast", LOAD, .prepare = prepare_load, .finish = finish_subscriber },
	{ .variant = "load-multicast", LOAD, .listeners = 2, .prepare = prepare_group_load, .finish = finish },
};

MECHANISM(genetlink, .name = "genetlink", .benches = benches, .bench_count = ARRAY_SIZE(benches));
