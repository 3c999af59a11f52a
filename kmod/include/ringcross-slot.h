/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One message that stays until the next one replaces it: what a mechanism keeps
 * whose file holds a state, not a stream. Reading takes nothing away.
 *
 * A message comes into a spare buffer, which then changes places with the one that
 * is shown: a sender that fails half-way leaves the last message as it was.
 *
 * While the file `hold` of debugfs is open, no message of a user is taken: a write
 * waits, or is EAGAIN with O_NONBLOCK.
 */
#ifndef RINGCROSS_SLOT_H
#define RINGCROSS_SLOT_H

#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "ringcross-hold.h"
#include "ringcross.h"

#define RINGCROSS_SLOT_MAX (64u << 20)

static unsigned int max_message = 65536;
module_param(max_message, uint, 0444);
MODULE_PARM_DESC(max_message, "bytes of the largest message (default 65536)");

struct ringcross_slot {
	struct ringcross *rc;
	/* Called under the lock after each change, where the mechanism has somebody to tell. */
	void (*changed)(void);
	struct ringcross_hold hold;

	/* Guards all that follows. */
	struct mutex lock;
	void *message;
	/* 0 until the first message has come. */
	unsigned int bytes;
	/* Counts messages. Read without the lock by those who wait for it to change. */
	unsigned int generation;
	void *spare;
};

/* The buffer, of max_message bytes, holds the next message; it changes places with the last one's. */
static inline void ringcross_slot_replace(struct ringcross_slot *slot, void **buffer, unsigned int bytes)
{
	lockdep_assert_held(&slot->lock);
	swap(slot->message, *buffer);
	slot->bytes = bytes;
	WRITE_ONCE(slot->generation, slot->generation + 1);
}

static inline void ringcross_slot_tell(const struct ringcross_slot *slot)
{
	if (slot->changed)
		slot->changed();
}

/*
 * The user's message, which is all of one write(2): its size, or -EINVAL, -EMSGSIZE or
 * -EFAULT. Stamped from where a file's write handler begins that nobody holds, until the
 * slot shows it.
 */
static inline ssize_t ringcross_slot_write(struct ringcross_slot *slot, const struct file *file,
					   const char __user *from, size_t bytes)
{
	u64 start;
	u64 end;
	int error;

	error = ringcross_hold_wait_file(&slot->hold, file);
	if (error)
		return error;
	start = ringcross_ticks();
	error = ringcross_check_size(slot->rc, bytes);
	if (error)
		return error;
	if (mutex_lock_interruptible(&slot->lock))
		return -ERESTARTSYS;
	if (copy_from_user(slot->spare, from, bytes)) {
		mutex_unlock(&slot->lock);
		return -EFAULT;
	}
	ringcross_slot_replace(slot, &slot->spare, bytes);
	end = ringcross_ticks();
	ringcross_received(slot->rc, slot->message, bytes, start, end);
	ringcross_slot_tell(slot);
	mutex_unlock(&slot->lock);
	return bytes;
}

/* What is left of the message from *at on; 0 at its end. */
static inline ssize_t ringcross_slot_read(struct ringcross_slot *slot, char __user *to, size_t bytes,
					  loff_t *at)
{
	ssize_t got;

	if (mutex_lock_interruptible(&slot->lock))
		return -ERESTARTSYS;
	got = simple_read_from_buffer(to, bytes, at, slot->message, slot->bytes);
	mutex_unlock(&slot->lock);
	return got;
}

/* The kernel's own message. Stamped until it is in the slot and whoever waits has been told. */
static inline int ringcross_slot_produce(struct ringcross_slot *slot, const void *message, unsigned int bytes)
{
	u64 start;
	u64 end;

	if (mutex_lock_interruptible(&slot->lock))
		return -ERESTARTSYS;
	start = ringcross_ticks();
	memcpy(slot->spare, message, bytes);
	ringcross_slot_replace(slot, &slot->spare, bytes);
	ringcross_slot_tell(slot);
	end = ringcross_ticks();
	mutex_unlock(&slot->lock);

	ringcross_sent(slot->rc, ringcross_message_seq(message), start, end);
	return 0;
}

/* As ringcross_init(), with the memory of the slot; ringcross_slot_free() frees both. */
static inline int ringcross_slot_init(struct ringcross_slot *slot)
{
	struct ringcross *rc = slot->rc;
	int error;

	if (max_message < RINGCROSS_MESSAGE_MIN || max_message > RINGCROSS_SLOT_MAX) {
		pr_err("max_message=%u: want %zu to %u\n", max_message, RINGCROSS_MESSAGE_MIN,
		       RINGCROSS_SLOT_MAX);
		return -EINVAL;
	}
	mutex_init(&slot->lock);
	ringcross_hold_init(&slot->hold);
	rc->max_message = max_message;
	error = ringcross_init(rc);
	if (error)
		return error;
	error = -ENOMEM;
	slot->message = vzalloc(max_message);
	if (!slot->message)
		goto free;
	slot->spare = vzalloc(max_message);
	if (!slot->spare)
		goto free_message;
	return 0;

free_message:
	vfree(slot->message);
free:
	ringcross_free(rc);
	return error;
}

/* As ringcross_start(), with the file that holds writers. */
static inline void ringcross_slot_start(struct ringcross_slot *slot)
{
	ringcross_start(slot->rc);
	ringcross_hold_start(&slot->hold, slot->rc->folder);
}

static inline void ringcross_slot_free(struct ringcross_slot *slot)
{
	vfree(slot->spare);
	vfree(slot->message);
	ringcross_free(slot->rc);
}

#endif
