// SPDX-License-Identifier: GPL-2.0
/*
 * Flow control as the survey draws it in its Figures 2 and 3: of a row of numbered
 * messages so many may be on their way as the window is large, and each acknowledgement,
 * which stands for all messages up to its own, makes room. A window of one is
 * stop-and-wait.
 *
 * There is no timer that runs by itself. Whoever sends or finishes waits, and when no
 * acknowledgement has come for `ack_timeout_us` all that has not been acknowledged goes
 * out again, in order (go-back-N); after `retries` of these in a row it is ETIMEDOUT. Who
 * waits for room is woken when half of the window is free, as a switch of threads for
 * each message is what a window is to save.
 *
 * A receiver whose buffer is full is no error: netlink takes nothing for it until it has
 * read all, so the rest goes out when all before has been acknowledged, or the time is
 * over.
 *
 * Numbers have 32 bits, as nlmsg_seq has, and go round: of two of them only the distance
 * says which is earlier.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "ack-faults.h"
#include "message-skb.h"
#include "ringcross-log.h"
#include "window.h"

#define RCNL_MAX_WINDOW 4096u
#define RCNL_MAX_MEMORY (64u << 20)
#define RCNL_MAX_ACK_TIMEOUT_US 60000000u
#define RCNL_MAX_RETRIES 1000u

#define RCNL_SLOT_ALIGN 256u

static unsigned int window_size = 16;
module_param_named(window, window_size, uint, 0444);
MODULE_PARM_DESC(window, "messages to a subscriber with a window that may be unacknowledged (default 16)");

static unsigned int window_message = 4096;
module_param(window_message, uint, 0444);
MODULE_PARM_DESC(window_message,
		 "bytes of the largest message to a subscriber with a window (default 4096)");

static int rcnl_set_ack_timeout(const char *text, const struct kernel_param *parameter)
{
	return param_set_uint_minmax(text, parameter, 1, RCNL_MAX_ACK_TIMEOUT_US);
}

static const struct kernel_param_ops rcnl_ack_timeout_ops = {
	.set = rcnl_set_ack_timeout,
	.get = param_get_uint,
};

static unsigned int ack_timeout_us = 10000;
module_param_cb(ack_timeout_us, &rcnl_ack_timeout_ops, &ack_timeout_us, 0644);
MODULE_PARM_DESC(ack_timeout_us,
		 "microseconds without an acknowledgement after which a window is sent again (default 10000)");

static int rcnl_set_retries(const char *text, const struct kernel_param *parameter)
{
	return param_set_uint_minmax(text, parameter, 0, RCNL_MAX_RETRIES);
}

static const struct kernel_param_ops rcnl_retries_ops = { .set = rcnl_set_retries, .get = param_get_uint };

static unsigned int retries = 100;
module_param_cb(retries, &rcnl_retries_ops, &retries, 0644);
MODULE_PARM_DESC(retries, "how often in a row a window is sent again before it is ETIMEDOUT (default 100)");

/* A message that is kept. */
struct rcnl_kept {
	unsigned int bytes;
	/* As far into a slot as a draft lies into its memory; RINGCROSS_DRAFT_OFFSET has the reason. */
	unsigned char unused[0x70 - sizeof(unsigned int)];
	unsigned char message[];
};

/* Of the row of numbers [base, end) is kept and [base, next) on its way; all before `sent` has been out. */
static struct {
	/* One at a time who sends or finishes: the trigger and the end of a worker's order may meet. */
	struct mutex sender;
	void *slots;
	size_t slot_bytes;
	/* One less than how many there are, a power of two: another number would not divide 2^32. */
	u32 slot_mask;
	wait_queue_head_t changed;
	struct sock *socket;

	/* Guards all that follows; those who wait read without it. Taken in softirq context too. */
	spinlock_t lock;
	/* 0: nobody's. */
	u32 portid;
	/* How often it has changed hands. */
	u32 owner;
	u32 base;
	u32 next;
	u32 sent;
	u32 end;
	/* The sender waits for so few on their way. */
	u32 wanted;
	/* Kept messages were lost when it changed hands, and no sender has been told yet. */
	bool reset;
	u32 transmissions;
	u32 repeated;
	u32 acks;
	u32 timeouts;
	u32 overruns;
} window;

/* A message that is to go out, and to whom. */
struct rcnl_departure {
	u32 seq;
	u32 portid;
	u32 owner;
};

/* Both may have gone round. */
static bool rcnl_before(u32 seq, u32 other)
{
	return (s32)(seq - other) < 0;
}

static struct rcnl_kept *rcnl_slot(u32 seq)
{
	return window.slots + (size_t)(seq & window.slot_mask) * window.slot_bytes;
}

/* Takes what ack-faults.c lets through. A number that is not kept, or no longer, has no effect. */
static void rcnl_window_advance(u32 seq)
{
	spin_lock_bh(&window.lock);
	if (seq - window.base < window.end - window.base) {
		WRITE_ONCE(window.base, seq + 1);
		/* It was about to go out again, and need not any more. */
		if (rcnl_before(window.next, window.base))
			window.next = window.base;
		if (window.next - window.base <= window.wanted)
			wake_up_interruptible(&window.changed);
	}
	spin_unlock_bh(&window.lock);
}

int rcnl_window_acknowledged(u32 seq)
{
	bool known;

	spin_lock_bh(&window.lock);
	known = window.portid && rcnl_before(seq, window.end);
	if (known)
		window.acks++;
	spin_unlock_bh(&window.lock);
	if (!known)
		return -EINVAL;
	rcnl_faults_pass(seq);
	return 0;
}

/* Under the lock: nothing is kept any more, and the next message has the number `first`. */
static void rcnl_window_hand_over(u32 portid, u32 first)
{
	WRITE_ONCE(window.portid, portid);
	window.owner++;
	window.next = first;
	window.sent = first;
	WRITE_ONCE(window.base, first);
	WRITE_ONCE(window.end, first);
	wake_up_interruptible(&window.changed);
}

static void rcnl_window_restart(u32 portid, u32 first)
{
	/* An acknowledgement that is held back is of the one before. */
	rcnl_faults_restart();
	spin_lock_bh(&window.lock);
	if (window.base != window.end)
		WRITE_ONCE(window.reset, true);
	rcnl_window_hand_over(portid, first);
	window.transmissions = 0;
	window.repeated = 0;
	window.acks = 0;
	window.timeouts = 0;
	window.overruns = 0;
	spin_unlock_bh(&window.lock);
}

void rcnl_window_open(struct sock *socket, u32 portid, u32 first)
{
	/* The same each time, so a sender that is at it does not mind. */
	window.socket = socket;
	rcnl_window_restart(portid, first);
}

void rcnl_window_close(void)
{
	rcnl_window_restart(0, 0);
}

bool rcnl_window_is_open(void)
{
	return READ_ONCE(window.portid);
}

/* Under the lock: 0 or a negative errno. */
static int rcnl_window_usable(void)
{
	if (window.reset) {
		WRITE_ONCE(window.reset, false);
		return -ECONNRESET;
	}
	return window.portid ? 0 : -ENOTCONN;
}

/* Under the lock. What came of sending a message; meanwhile anything may have been acknowledged. */
static void rcnl_window_account(u32 seq, int error)
{
	if (error == -EAGAIN)
		window.overruns++;
	if (error)
		return;
	window.transmissions++;
	if (rcnl_before(seq, window.sent))
		window.repeated++;
	else
		window.sent = seq + 1;
	if (window.next == seq)
		window.next = seq + 1;
}

/* 0, -EAGAIN where the receiver has no room for it, or another negative errno. */
static int rcnl_window_transmit(const struct rcnl_departure *departure)
{
	const struct rcnl_kept *kept = rcnl_slot(departure->seq);
	struct sk_buff *skb;
	int error;

	error = rcnl_message_skb(&skb, departure->seq, NLM_F_ACK, kept->message, kept->bytes);
	if (!error)
		error = nlmsg_unicast(window.socket, skb, departure->portid);
	spin_lock_bh(&window.lock);
	if (window.owner == departure->owner) {
		rcnl_window_account(departure->seq, error);
		/* Nobody is there any more: what is kept is lost, as the sender is told now. */
		if (error == -ECONNREFUSED)
			rcnl_window_hand_over(0, 0);
	}
	spin_unlock_bh(&window.lock);
	return error;
}

/* Sends all that is kept and not on its way: 0, -EAGAIN where the rest finds no room, or what ends it. */
static int rcnl_window_flush(void)
{
	for (;;) {
		struct rcnl_departure departure;
		bool over;
		int error;

		spin_lock_bh(&window.lock);
		error = rcnl_window_usable();
		over = window.next == window.end;
		departure = (struct rcnl_departure){ window.next, window.portid, window.owner };
		spin_unlock_bh(&window.lock);
		if (error || over)
			return error;
		error = rcnl_window_transmit(&departure);
		if (error)
			return error;
	}
}

static bool rcnl_window_has_changed(u32 base)
{
	bool changed;

	spin_lock_bh(&window.lock);
	changed = window.reset || (window.base != base && window.next - window.base <= window.wanted);
	spin_unlock_bh(&window.lock);
	return changed;
}

/*
 * Until `base` has been acknowledged and so few are on their way: 0, -ETIME, or -ERESTARTSYS. When the
 * time is over the first alone will do.
 */
static int rcnl_window_wait(u32 base, u32 wanted)
{
	const ktime_t timeout = ns_to_ktime((u64)READ_ONCE(ack_timeout_us) * NSEC_PER_USEC);
	int error;

	spin_lock_bh(&window.lock);
	window.wanted = wanted;
	spin_unlock_bh(&window.lock);
	error = wait_event_interruptible_hrtimeout(window.changed, rcnl_window_has_changed(base), timeout);
	return error == -ETIME && READ_ONCE(window.base) != base ? 0 : error;
}

/* All that has not been acknowledged is to go out again. */
static void rcnl_window_go_back(void)
{
	spin_lock_bh(&window.lock);
	window.timeouts++;
	window.next = window.base;
	spin_unlock_bh(&window.lock);
}

/* Until all has gone out and at most so many are unacknowledged: 0 or a negative errno. */
static int rcnl_window_await(u32 most)
{
	unsigned int tries = 0;

	for (;;) {
		/* Before anything is sent: an acknowledgement may be here before we wait for it. */
		const u32 base = READ_ONCE(window.base);
		int error;

		error = rcnl_window_flush();
		if (error && error != -EAGAIN)
			return error;
		if (!error && READ_ONCE(window.end) - base <= most)
			return 0;
		error = rcnl_window_wait(base, error ? 0 : min(most, window_size / 2));
		if (!error) {
			tries = 0;
			continue;
		}
		if (error != -ETIME)
			return error;
		if (tries++ >= READ_ONCE(retries))
			return -ETIMEDOUT;
		rcnl_window_go_back();
	}
}

/* Keeps a message as the last of the row: 0 or a negative errno. */
static int rcnl_window_keep(const void *message, unsigned int bytes, struct rcnl_departure *departure)
{
	int error;

	spin_lock_bh(&window.lock);
	error = rcnl_window_usable();
	if (!error) {
		struct rcnl_kept *kept = rcnl_slot(window.end);

		kept->bytes = bytes;
		memcpy(kept->message, message, bytes);
		*departure = (struct rcnl_departure){ window.end, window.portid, window.owner };
		/* Before it is out: its receiver may be faster than its sender. */
		WRITE_ONCE(window.end, window.end + 1);
	}
	spin_unlock_bh(&window.lock);
	return error;
}

/* The last message did not go out, and the sender is told so. */
static void rcnl_window_drop(const struct rcnl_departure *departure)
{
	spin_lock_bh(&window.lock);
	if (window.owner == departure->owner)
		WRITE_ONCE(window.end, departure->seq);
	spin_unlock_bh(&window.lock);
}

int rcnl_window_send(const void *message, unsigned int bytes, struct ringcross_stamp *stamp)
{
	struct rcnl_departure departure;
	int error;

	if (bytes > window_message)
		return -EMSGSIZE;
	if (mutex_lock_interruptible(&window.sender))
		return -ERESTARTSYS;
	error = rcnl_window_await(window_size - 1);
	if (error)
		goto unlock;
	stamp->start = ringcross_ticks();
	error = rcnl_window_keep(message, bytes, &departure);
	if (error)
		goto unlock;
	error = rcnl_window_transmit(&departure);
	stamp->end = ringcross_ticks();
	if (error == -EAGAIN)
		error = 0;
	if (error)
		rcnl_window_drop(&departure);
unlock:
	mutex_unlock(&window.sender);
	return error;
}

int rcnl_window_finish(void)
{
	int error;

	if (mutex_lock_interruptible(&window.sender))
		return -ERESTARTSYS;
	error = rcnl_window_await(0);
	mutex_unlock(&window.sender);
	return error == -ENOTCONN ? 0 : error;
}

static int rcnl_window_check_parameters(unsigned int max_message)
{
	if (!window_size || window_size > RCNL_MAX_WINDOW) {
		pr_err("window=%u: want 1 to %u\n", window_size, RCNL_MAX_WINDOW);
		return -EINVAL;
	}
	if (window_message < RINGCROSS_MESSAGE_MIN || window_message > max_message) {
		pr_err("window_message=%u: want %zu to max_message, %u\n", window_message, RINGCROSS_MESSAGE_MIN,
		       max_message);
		return -EINVAL;
	}
	return 0;
}

int rcnl_window_init(unsigned int max_message)
{
	size_t memory;
	int error;

	error = rcnl_window_check_parameters(max_message);
	if (error)
		return error;
	window.slot_mask = roundup_pow_of_two(window_size) - 1;
	window.slot_bytes = ALIGN(sizeof(struct rcnl_kept) + window_message, RCNL_SLOT_ALIGN);
	memory = array_size(window.slot_mask + 1, window.slot_bytes);
	if (memory > RCNL_MAX_MEMORY) {
		pr_err("window=%u window_message=%u: %zu bytes, want %u at most\n", window_size, window_message,
		       memory, RCNL_MAX_MEMORY);
		return -EINVAL;
	}
	window.slots = vzalloc(memory);
	if (!window.slots)
		return -ENOMEM;
	mutex_init(&window.sender);
	spin_lock_init(&window.lock);
	init_waitqueue_head(&window.changed);
	rcnl_faults_init(rcnl_window_advance);
	return 0;
}

void rcnl_window_free(void)
{
	rcnl_faults_stop();
	vfree(window.slots);
}

void rcnl_window_start(struct dentry *folder)
{
	debugfs_create_u32("transmissions", 0400, folder, &window.transmissions);
	debugfs_create_u32("repeated", 0400, folder, &window.repeated);
	debugfs_create_u32("acks", 0400, folder, &window.acks);
	debugfs_create_u32("timeouts", 0400, folder, &window.timeouts);
	debugfs_create_u32("overruns", 0400, folder, &window.overruns);
	rcnl_faults_start(folder);
}
