// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of acknowledgements. One draw decides on each: it is dropped, else held back,
 * else taken twice, else nothing happens to it; so the shares of a thousand add up, and
 * what goes beyond a thousand has no effect. The draws are those of a seed, the same for
 * each subscriber.
 *
 * What is held back waits in a row, in the order in which it came; another delay counts
 * for what waits already. One that finds the row full passes at once.
 */
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>

#include "ack-faults.h"
#include "ringcross-compat.h"

#define RCNL_ALWAYS 1000u
#define RCNL_MAX_DELAY_US 60000000u
/* A power of two. */
#define RCNL_HELD_BACK 256u

static int rcnl_set_permille(const char *text, const struct kernel_param *parameter)
{
	return param_set_uint_minmax(text, parameter, 0, RCNL_ALWAYS);
}

static const struct kernel_param_ops rcnl_permille_ops = { .set = rcnl_set_permille, .get = param_get_uint };

static int rcnl_set_delay(const char *text, const struct kernel_param *parameter);

static const struct kernel_param_ops rcnl_delay_ops = { .set = rcnl_set_delay, .get = param_get_uint };

static unsigned int ack_drop_permille;
module_param_cb(ack_drop_permille, &rcnl_permille_ops, &ack_drop_permille, 0644);
MODULE_PARM_DESC(ack_drop_permille,
		 "of a thousand acknowledgements to a window, so many are dropped (default 0)");

static unsigned int ack_delay_permille;
module_param_cb(ack_delay_permille, &rcnl_permille_ops, &ack_delay_permille, 0644);
MODULE_PARM_DESC(ack_delay_permille,
		 "of a thousand acknowledgements to a window, so many are held back (default 0)");

static unsigned int ack_delay_us = 20000;
module_param_cb(ack_delay_us, &rcnl_delay_ops, &ack_delay_us, 0644);
MODULE_PARM_DESC(ack_delay_us, "microseconds for which an acknowledgement is held back (default 20000)");

static unsigned int ack_duplicate_permille;
module_param_cb(ack_duplicate_permille, &rcnl_permille_ops, &ack_duplicate_permille, 0644);
MODULE_PARM_DESC(ack_duplicate_permille,
		 "of a thousand acknowledgements to a window, so many are taken twice (default 0)");

static unsigned int fault_seed = 1;
module_param(fault_seed, uint, 0644);
MODULE_PARM_DESC(fault_seed, "seed of the draws, taken when somebody subscribes (default 1)");

struct rcnl_held_ack {
	u32 seq;
	ktime_t since;
};

static struct {
	void (*take)(u32 seq);
	struct hrtimer timer;

	/* Guards all that follows, and is held while `take` is called: nothing from before a restart comes after. */
	spinlock_t lock;
	struct rnd_state draws;
	/* Positions in a row without end. */
	u32 oldest;
	u32 newest;
	struct rcnl_held_ack held[RCNL_HELD_BACK];
	u32 dropped;
	u32 delayed;
	u32 duplicated;
} faults = {
	/* For the parameter that takes it, which may be set before anything else happens. */
	.lock = __SPIN_LOCK_UNLOCKED(faults.lock),
};

static struct rcnl_held_ack *rcnl_held_at(u32 position)
{
	return &faults.held[position % RCNL_HELD_BACK];
}

/* Under the lock: when the oldest is let go. */
static ktime_t rcnl_faults_next(void)
{
	const u64 delay = (u64)READ_ONCE(ack_delay_us) * NSEC_PER_USEC;

	return ktime_add_ns(rcnl_held_at(faults.oldest)->since, delay);
}

/* Under the lock. The timer's function may run at this moment; it then starts the timer once more. */
static void rcnl_faults_arm(void)
{
	if (faults.oldest != faults.newest)
		hrtimer_start(&faults.timer, rcnl_faults_next(), HRTIMER_MODE_ABS_SOFT);
}

static enum hrtimer_restart rcnl_faults_due(struct hrtimer *timer)
{
	const ktime_t now = ktime_get();

	spin_lock(&faults.lock);
	while (faults.oldest != faults.newest && !ktime_after(rcnl_faults_next(), now))
		faults.take(rcnl_held_at(faults.oldest++)->seq);
	rcnl_faults_arm();
	spin_unlock(&faults.lock);
	return HRTIMER_NORESTART;
}

/* Under the lock. Whether there was room for it. */
static bool rcnl_faults_hold_back(u32 seq)
{
	if (faults.newest - faults.oldest == RCNL_HELD_BACK)
		return false;
	*rcnl_held_at(faults.newest++) = (struct rcnl_held_ack){ .seq = seq, .since = ktime_get() };
	rcnl_faults_arm();
	return true;
}

static int rcnl_set_delay(const char *text, const struct kernel_param *parameter)
{
	int error;

	error = param_set_uint_minmax(text, parameter, 1, RCNL_MAX_DELAY_US);
	spin_lock_bh(&faults.lock);
	rcnl_faults_arm();
	spin_unlock_bh(&faults.lock);
	return error;
}

/* Under the lock. */
static void rcnl_faults_decide(u32 seq)
{
	const u32 drop = READ_ONCE(ack_drop_permille);
	const u32 delay = drop + READ_ONCE(ack_delay_permille);
	const u32 duplicate = delay + READ_ONCE(ack_duplicate_permille);
	const u32 drawn = reciprocal_scale(prandom_u32_state(&faults.draws), RCNL_ALWAYS);

	if (drawn < drop) {
		faults.dropped++;
		return;
	}
	if (drawn < delay && rcnl_faults_hold_back(seq)) {
		faults.delayed++;
		return;
	}
	faults.take(seq);
	if (drawn >= delay && drawn < duplicate) {
		faults.duplicated++;
		faults.take(seq);
	}
}

void rcnl_faults_pass(u32 seq)
{
	spin_lock_bh(&faults.lock);
	rcnl_faults_decide(seq);
	spin_unlock_bh(&faults.lock);
}

void rcnl_faults_restart(void)
{
	spin_lock_bh(&faults.lock);
	/* A timer that is under way finds nothing. */
	faults.oldest = faults.newest;
	faults.dropped = 0;
	faults.delayed = 0;
	faults.duplicated = 0;
	prandom_seed_state(&faults.draws, READ_ONCE(fault_seed));
	spin_unlock_bh(&faults.lock);
}

void rcnl_faults_init(void (*take)(u32 seq))
{
	faults.take = take;
	hrtimer_setup(&faults.timer, rcnl_faults_due, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	rcnl_faults_restart();
}

void rcnl_faults_start(struct dentry *folder)
{
	debugfs_create_u32("acks_dropped", 0400, folder, &faults.dropped);
	debugfs_create_u32("acks_delayed", 0400, folder, &faults.delayed);
	debugfs_create_u32("acks_duplicated", 0400, folder, &faults.duplicated);
}

void rcnl_faults_stop(void)
{
	/* The timer would start once more for what is still held back. */
	rcnl_faults_restart();
	hrtimer_cancel(&faults.timer);
}
