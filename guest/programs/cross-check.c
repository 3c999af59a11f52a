// SPDX-License-Identifier: MIT
/*
 * Times one system call of one mechanism, as a witness beside the benches of
 * guest/native: nothing of theirs is used here, neither stamps nor windows nor
 * messages, and there is no libc, no thread library and no Node.js around it.
 *
 *	cross-check MECHANISM BYTES MESSAGES WARMUP
 *
 * prints a line with the median of the empty window, then a line with the ticks
 * of each message, and ends with 0; or says on stderr which call failed.
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mqueue.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STDOUT 1
#define STDERR 2

#define MAX_BYTES 65536
#define MIN_BYTES sizeof(uint64_t)
#define MAX_MESSAGES 10000

/* A system call, ready to be made. */
struct call {
	const char *name;
	long number;
	long value[6];
	/* What it returns when it has moved a whole message. */
	long expected;
};

struct exchange {
	/* Sends `sent`; the call that is timed. */
	struct call send;
	/* Takes the message out again, into `received`. Without a name: the kernel is the receiver. */
	struct call drain;
};

struct mechanism {
	const char *name;
	/* Opens what is needed and fills in both calls for messages of `bytes`. */
	void (*prepare)(struct exchange *exchange, long bytes);
};

/* The message, with room for a header before it; aligned as copies like it best. */
static unsigned char datagram[NLMSG_HDRLEN + MAX_BYTES] __attribute__((aligned(64)));
static unsigned char *const sent = datagram + NLMSG_HDRLEN;
static unsigned char received[MAX_BYTES];
static uint32_t samples[MAX_MESSAGES];
static uint32_t empty[MAX_MESSAGES];

/* The kernel starts a program with its stack pointer at argc, behind which argv begins. */
__asm__(".globl _start\n"
	"_start:\n\t"
	"xorl %ebp, %ebp\n\t"
	"movq (%rsp), %rdi\n\t"
	"leaq 8(%rsp), %rsi\n\t"
	"andq $-16, %rsp\n\t"
	"call start");

static inline __attribute__((always_inline)) long enter(const struct call *call)
{
	register long fourth __asm__("r10") = call->value[3];
	register long fifth __asm__("r8") = call->value[4];
	register long sixth __asm__("r9") = call->value[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(call->number), "D"(call->value[0]), "S"(call->value[1]), "d"(call->value[2]),
			   "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return result;
}

/* The lower half of the counter: no window is longer than four thousand million ticks. */
static inline __attribute__((always_inline)) uint32_t ticks(void)
{
	uint32_t low;

	__asm__ volatile("lfence\n\t"
			 "rdtsc\n\t"
			 "lfence"
			 : "=a"(low)
			 :
			 : "rdx", "memory");
	return low;
}

static size_t length(const char *text)
{
	size_t bytes = 0;

	while (text[bytes])
		bytes++;
	return bytes;
}

static bool same(const char *left, const char *right)
{
	while (*left && *left == *right) {
		left++;
		right++;
	}
	return *left == *right;
}

static _Noreturn void end(int status)
{
	for (;;)
		enter(&(struct call){ .number = __NR_exit_group, .value = { status } });
}

/* False when not all could be written. */
static bool print(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		const struct call call = { .number = __NR_write, .value = { fd, (long)text, (long)bytes } };
		const long done = enter(&call);

		if (done <= 0)
			return false;
		text += done;
		bytes -= (size_t)done;
	}
	return true;
}

/* Where the decimal digits of a number begin, in a buffer that they fill from its end. */
static char *digits(char *buffer_end, unsigned long number)
{
	do {
		*--buffer_end = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return buffer_end;
}

static void print_number(int fd, unsigned long number)
{
	/* 2^64 has 20 digits. */
	char line[21];
	char *const line_end = line + sizeof(line);
	const char *begin;

	line_end[-1] = '\n';
	begin = digits(line_end - 1, number);
	if (!print(fd, begin, (size_t)(line_end - begin)))
		end(1);
}

/* Says what failed, and the number of the error. */
static _Noreturn void fail(const char *what, long number)
{
	print(STDERR, "cross-check: ", length("cross-check: "));
	print(STDERR, what, length(what));
	print(STDERR, ": ", 2);
	print_number(STDERR, (unsigned long)number);
	end(1);
}

/* Makes a call whose result is not negative unless it failed. */
static long must(const char *name, long number, long a, long b, long c, long d)
{
	const struct call call = { .number = number, .value = { a, b, c, d } };
	const long result = enter(&call);

	if (result < 0)
		fail(name, -result);
	return result;
}

static void prepare_pipe(struct exchange *exchange, long bytes)
{
	int ends[2];

	must("pipe2", __NR_pipe2, (long)ends, O_CLOEXEC, 0, 0);
	exchange->send = (struct call){ "write", __NR_write, { ends[1], (long)sent, bytes }, bytes };
	exchange->drain = (struct call){ "read", __NR_read, { ends[0], (long)received, bytes }, bytes };
}

static void prepare_mqueue(struct exchange *exchange, long bytes)
{
	static const char name[] = "ringcross-cross-check";
	const struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = bytes };
	const long flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	long queue;

	queue = must("mq_open", __NR_mq_open, (long)name, flags, 0600, (long)&attributes);
	/* It lives as long as it is open. */
	must("mq_unlink", __NR_mq_unlink, (long)name, 0, 0, 0);
	exchange->send = (struct call){ "mq_timedsend", __NR_mq_timedsend, { queue, (long)sent, bytes }, 0 };
	exchange->drain = (struct call){ "mq_timedreceive", __NR_mq_timedreceive,
					 { queue, (long)received, bytes }, bytes };
}

/* The module of kmod/netlink: its protocol, and the type of its messages. */
#define NETLINK_PROTOCOL 31
#define NETLINK_MESSAGE NLMSG_MIN_TYPE
/* The kernel's. */
#define AF_NETLINK 16
#define SOCK_RAW 3

static long open_netlink(uint32_t port)
{
	const struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_pid = port };
	const long fd = must("socket", __NR_socket, AF_NETLINK, SOCK_RAW, NETLINK_PROTOCOL, 0);

	must("bind", __NR_bind, fd, (long)&own, sizeof(own), 0);
	return fd;
}

/* The least of a few, each of a header that the kernel passes over. */
static uint32_t time_no_op(long fd, const struct sockaddr_nl *kernel)
{
	const struct nlmsghdr no_op = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_NOOP };
	const struct call call = { "sendto", __NR_sendto,
				   { fd, (long)&no_op, sizeof(no_op), 0, (long)kernel, sizeof(*kernel) },
				   sizeof(no_op) };
	uint32_t least = UINT32_MAX;

	for (int i = 0; i < 4; i++) {
		const uint32_t start = ticks();
		const long result = enter(&call);
		const uint32_t taken = ticks() - start;

		if (result != call.expected)
			fail(call.name, result < 0 ? -result : EBADMSG);
		least = taken < least ? taken : least;
	}
	return least;
}

/*
 * At the port from which the kernel is found soonest: ports are in a hash table with a random seed
 * and few chains (netlink_lookup() in net/netlink/af_netlink.c), where one may share the kernel's.
 */
static long open_netlink_apart(const struct sockaddr_nl *kernel)
{
	const uint32_t first_port = 1u << 29;
	uint32_t least = UINT32_MAX;
	uint32_t best = first_port;

	for (uint32_t port = first_port; port < first_port + 8; port++) {
		const long fd = open_netlink(port);
		const uint32_t taken = time_no_op(fd, kernel);

		must("close", __NR_close, fd, 0, 0, 0);
		if (taken >= least)
			continue;
		least = taken;
		best = port;
	}
	return open_netlink(best);
}

static void prepare_netlink(struct exchange *exchange, long bytes)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct nlmsghdr header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(bytes),
					 .nlmsg_type = NETLINK_MESSAGE,
					 .nlmsg_flags = NLM_F_REQUEST };
	const long length = NLMSG_LENGTH(bytes);
	const long fd = open_netlink_apart(&kernel);

	__builtin_memcpy(datagram, &header, sizeof(header));
	exchange->send = (struct call){ "sendto", __NR_sendto,
					{ fd, (long)datagram, length, 0, (long)&kernel, sizeof(kernel) },
					length };
}

static const struct mechanism mechanisms[] = {
	{ "pipe", prepare_pipe },
	{ "mqueue", prepare_mqueue },
	{ "netlink", prepare_netlink },
};

static const struct mechanism *find(const char *name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (same(mechanisms[i].name, name))
			return &mechanisms[i];
	fail("no such mechanism", EINVAL);
}

static long number_in(const char *text, long least, long most)
{
	long number = 0;

	/* No bound is near the largest long. */
	for (; *text >= '0' && *text <= '9' && number <= most; text++)
		number = 10 * number + (*text - '0');
	if (*text || number < least || number > most)
		fail("a number out of its range", EINVAL);
	return number;
}

/*
 * Another process on the same table of files, as the threads of a bench have one another: with
 * a table of its own a process skips the counting of a file's users (__fget_light in
 * fs/file.c). It does nothing and ends with us.
 */
static long share_files(void)
{
	const long parent = must("getpid", __NR_getpid, 0, 0, 0, 0);
	const long child = must("clone", __NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0);

	if (child)
		return child;
	must("prctl", __NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
	/* Whoever died before that sends no signal. */
	while (must("getppid", __NR_getppid, 0, 0, 0, 0) == parent)
		enter(&(struct call){ .number = __NR_pause });
	end(0);
}

static void unshare_files(long child)
{
	must("kill", __NR_kill, child, SIGKILL, 0, 0);
	must("wait4", __NR_wait4, child, 0, 0, 0);
}

/* A message's number, then bytes that differ from message to message. */
static void compose(uint64_t seq, long bytes)
{
	__builtin_memcpy(sent, &seq, sizeof(seq));
	for (long i = sizeof(seq); i < bytes; i++)
		sent[i] = (unsigned char)((uint64_t)i * 7 + seq);
}

static void drain(const struct exchange *exchange, long bytes)
{
	const struct call *call = &exchange->drain;
	long result;

	if (!call->name)
		return;
	result = enter(call);
	if (result != call->expected)
		fail(call->name, result < 0 ? -result : EBADMSG);
	for (long i = 0; i < bytes; i++)
		if (received[i] != sent[i])
			fail("the message came out wrong", EBADMSG);
}

static uint32_t time_send(const struct exchange *exchange)
{
	const struct call call = exchange->send;
	const uint32_t start = ticks();
	const long result = enter(&call);
	const uint32_t ticks_taken = ticks() - start;

	if (result != call.expected)
		fail(call.name, result < 0 ? -result : EBADMSG);
	return ticks_taken;
}

/* The value of rank ceil(count / 2), by sorting: for a program without a library a plain insertion sort. */
static uint32_t median(uint32_t *values, long count)
{
	for (long i = 1; i < count; i++) {
		const uint32_t value = values[i];
		long at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
	return values[(count - 1) / 2];
}

static void measure(const struct mechanism *mechanism, long bytes, long messages, long warmup)
{
	struct exchange exchange = { 0 };

	mechanism->prepare(&exchange, bytes);
	for (long seq = 0; seq < warmup + messages; seq++) {
		uint32_t sample;

		compose((uint64_t)seq, bytes);
		sample = time_send(&exchange);
		if (seq >= warmup)
			samples[seq - warmup] = sample;
		drain(&exchange, bytes);
	}
	for (long i = 0; i < messages; i++) {
		const uint32_t start = ticks();

		empty[i] = ticks() - start;
	}
}

_Noreturn __attribute__((used)) void start(int count, const char *const *arguments)
{
	const struct mechanism *mechanism;
	long messages;
	long warmup;
	long bytes;
	long child;

	if (count != 5)
		fail("expected MECHANISM BYTES MESSAGES WARMUP", EINVAL);
	mechanism = find(arguments[1]);
	bytes = number_in(arguments[2], MIN_BYTES, MAX_BYTES);
	messages = number_in(arguments[3], 1, MAX_MESSAGES);
	warmup = number_in(arguments[4], 1, MAX_MESSAGES);

	child = share_files();
	measure(mechanism, bytes, messages, warmup);
	unshare_files(child);
	print_number(STDOUT, median(empty, messages));
	for (long i = 0; i < messages; i++)
		print_number(STDOUT, samples[i]);
	end(0);
}
