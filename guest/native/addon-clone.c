// SPDX-License-Identifier: MIT
/*
 * The agent's sleep, in which guests are frozen and clones wake up. A clone's
 * first answer is given here and not in JavaScript: under emulation whatever
 * runs for the first time is translated first, and this is a tenth of the code.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "addon.h"
#include "napi-check.h"
#include "window.h"

enum { entropy_bytes = 64, nonce_digits = 32 };

/* What has come through the port and has not been handed out. */
static struct {
	char *bytes;
	size_t length;
	size_t room;
} pending;

/* It has been told that it is a clone, and JavaScript does not know yet. */
static bool resumed;

/* The value of a field of one line of JSON, which we know to hold neither quotes nor escapes; NULL where it has none. */
static const char *field(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at ? at + strlen(name) : NULL;
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool get_bytes(const char *hex, unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* Puts the host's entropy into the kernel's generator, whose state is that of every other clone, and has it used. */
static const char *reseed_kernel(const unsigned char *entropy)
{
	struct {
		struct rand_pool_info info;
		unsigned char bytes[entropy_bytes];
	} pool = { { .entropy_count = entropy_bytes * 8, .buf_size = entropy_bytes }, { 0 } };
	const char *refused = NULL;
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	int reason;

	if (fd < 0)
		return "open /dev/urandom";
	memcpy(pool.bytes, entropy, entropy_bytes);
	if (ioctl(fd, RNDADDENTROPY, &pool))
		refused = "RNDADDENTROPY";
	else if (ioctl(fd, RNDRESEEDCRNG))
		refused = "RNDRESEEDCRNG";
	reason = errno;
	close(fd);
	errno = reason;
	return refused;
}

/*
 * What the kernel refuses, or what the message lacks, and errno; NULL where this clone is a guest of its own now, whose
 * nonce is at `*nonce`.
 */
static const char *become_clone(const char *line, const char **nonce)
{
	const char *hex = field(line, "\"entropy\":\"");
	const char *realtime = field(line, "\"realtimeNs\":\"");
	unsigned char entropy[entropy_bytes];

	*nonce = field(line, "\"nonce\":\"");
	errno = EBADMSG;
	if (!*nonce)
		return "the nonce";
	if (!hex || !get_bytes(hex, entropy, entropy_bytes))
		return "the entropy";
	if (realtime) {
		long long ns = strtoll(realtime, NULL, 10);
		struct timespec now = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

		if (clock_settime(CLOCK_REALTIME, &now))
			return "clock_settime";
	}
	return reseed_kernel(entropy);
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return true;
}

static bool answer_resume(int fd, const char *line)
{
	const char *nonce;
	const char *refused = become_clone(line, &nonce);
	char answer[256];
	int length;

	if (refused)
		length = snprintf(answer, sizeof(answer),
				  "{\"type\":\"agent-error\",\"error\":{\"name\":\"Error\",\"message\":"
				  "\"no clone of its own: %s: %s\"}}\n",
				  refused, strerror(errno));
	else
		length = snprintf(answer, sizeof(answer), "{\"type\":\"resumed\",\"nonce\":\"%.*s\"}\n",
				  nonce_digits, nonce);
	resumed = true;
	return write_all(fd, answer, (size_t)length);
}

/* Room for one more read; false where memory is short. */
static bool make_room(void)
{
	enum { step = 16384 };
	char *bytes;

	if (pending.room - pending.length > step)
		return true;
	bytes = realloc(pending.bytes, pending.room + 2 * step);
	if (!bytes)
		return false;
	pending.bytes = bytes;
	pending.room += 2 * step;
	return true;
}

/* Takes the first line out of what is pending: its length without the newline, or -1. The text is at `*line`. */
static ssize_t take_line(char **line)
{
	static char *taken;
	char *end = pending.length ? memchr(pending.bytes, '\n', pending.length) : NULL;
	size_t length;

	if (!end)
		return -1;
	length = (size_t)(end - pending.bytes);
	free(taken);
	taken = malloc(length + 1);
	if (!taken)
		return -1;
	memcpy(taken, pending.bytes, length);
	taken[length] = '\0';
	pending.length -= length + 1;
	memmove(pending.bytes, end + 1, pending.length);
	*line = taken;
	return (ssize_t)length;
}

/*
 * nextLine(fd): sleeps until the host has said a line, and returns it; null when the host has gone. The line that makes
 * this guest a clone is answered on the way.
 */
napi_value js_next_line(napi_env env, napi_callback_info info)
{
	napi_value argument;
	napi_value text;
	size_t count = 1;
	int64_t fd;
	char *line;

	CHECK(env, napi_get_cb_info(env, info, &count, &argument, NULL, NULL), NULL);
	if (!get_integer(env, argument, "a file descriptor", 0, INT32_MAX, &fd))
		return NULL;
	for (;;) {
		ssize_t length = take_line(&line);
		ssize_t got;

		if (length >= 0 && !strstr(line, "\"type\":\"resume\"")) {
			CHECK(env, napi_create_string_utf8(env, line, (size_t)length, &text), NULL);
			return text;
		}
		if (length >= 0) {
			if (answer_resume((int)fd, line))
				continue;
			throw_errno(env, errno, "write");
			return NULL;
		}
		if (!make_room()) {
			throw_errno(env, ENOMEM, "malloc");
			return NULL;
		}
		got = read((int)fd, pending.bytes + pending.length, pending.room - pending.length);
		if (got == 0) {
			CHECK(env, napi_get_null(env, &text), NULL);
			return text;
		}
		if (got < 0 && errno != EINTR) {
			throw_errno(env, errno, "read");
			return NULL;
		}
		if (got > 0)
			pending.length += (size_t)got;
	}
}

/* takeResumed(): whether this guest has become a clone since it was last asked. */
napi_value js_take_resumed(napi_env env, napi_callback_info info)
{
	napi_value value;

	(void)info;
	CHECK(env, napi_get_boolean(env, resumed, &value), NULL);
	resumed = false;
	return value;
}

/*
 * OpenSSL is part of node, which exports it. Weak: the addon's own tests may run under a node that does not.
 * Source: RAND_add(3). It reseeds the primary generator from the kernel; the others notice at their next use.
 */
extern int RAND_poll(void) __attribute__((weak));

/* reseed(): OpenSSL's random numbers come from what the kernel's generator holds now. */
napi_value js_reseed(napi_env env, napi_callback_info info)
{
	(void)info;
	if (!RAND_poll || RAND_poll() != 1)
		napi_throw_error(env, "ENOTSUP", "this node's OpenSSL cannot be seeded anew (RAND_poll)");
	return NULL;
}

/* tsc(): the time stamp counter. */
napi_value js_tsc(napi_env env, napi_callback_info info)
{
	napi_value value;

	(void)info;
	CHECK(env, napi_create_bigint_uint64(env, window_close(), &value), NULL);
	return value;
}
