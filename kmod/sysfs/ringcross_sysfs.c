// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/ringcross-sysfs/: one message in attributes of a kobject.
 *
 *   message    attribute: a store replaces the message, a show copies it out.
 *              sysfs gives a store at most a page of one write and takes less than
 *              a page from a show.
 *   data       binary attribute: the same message in pieces of at most a page, each
 *              with its offset
 *   data_size  attribute, text: bytes of a message that is written to `data`. A
 *              piece does not tell whether it is the last one, so this does.
 *
 * A change wakes those who poll `message` for POLLPRI, by sysfs_notify(). So does the
 * end of the module.
 *
 * The trigger `produce` makes the kernel store a message itself.
 *
 * Stamps:
 *   received  from entry of the store, or from the end of a `hold`, to the message
 *             being the one that is shown; sysfs has copied the bytes out of user
 *             space before. In `data`, of the last piece.
 *   sent      from the copy of a finished message to the end of sysfs_notify()
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "ringcross-compat.h"
#include "ringcross-slot.h"

static bool notify = true;
module_param(notify, bool, 0644);
MODULE_PARM_DESC(notify, "call sysfs_notify() after each change of the message (default true)");

static int attrs_produce(struct ringcross *rc, const void *message, unsigned int bytes);
static void attrs_changed(void);

static const struct ringcross_ops attrs_ops = { .produce = attrs_produce };

static struct ringcross rc = { .name = "sysfs", .ops = &attrs_ops };

static struct ringcross_slot slot = { .rc = &rc, .changed = attrs_changed };

static struct kobject *folder;

/* A message of which not all pieces have come. Guarded by the lock of the slot. */
static struct {
	void *bytes;
	unsigned int filled;
	/* Of the whole. */
	unsigned int size;
	/*
	 * Whose pieces they are; compared, never followed. A file that is opened at the place of one that
	 * was closed in between may go on with its message, at the offset where that one stopped.
	 */
	const struct file *writer;
} pieces;

static void attrs_changed(void)
{
	if (READ_ONCE(notify))
		sysfs_notify(folder, NULL, "message");
}

static int attrs_produce(struct ringcross *rc, const void *message, unsigned int bytes)
{
	return ringcross_slot_produce(&slot, message, bytes);
}

/*
 * memcpy() goes another way where the low bytes of its addresses are in the wrong order (memcpy_orig in
 * arch/x86/lib/memcpy_64.S): what a message costs would depend on where kmalloc() put the buffer of sysfs.
 */
static void attrs_copy(void *to, const void *from, size_t bytes)
{
	memmove(to, from, bytes);
}

static ssize_t attrs_message_store(struct kobject *kobj, struct kobj_attribute *attr, const char *from,
				   size_t bytes)
{
	u64 start;
	u64 end;
	int error;

	/* sysfs does not tell a store of the open file, so not of O_NONBLOCK either. */
	if (ringcross_hold_wait(&slot.hold))
		return -ERESTARTSYS;
	start = ringcross_ticks();
	error = ringcross_check_size(&rc, bytes);
	if (error)
		return error;
	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	attrs_copy(slot.spare, from, bytes);
	ringcross_slot_replace(&slot, &slot.spare, bytes);
	end = ringcross_ticks();
	ringcross_received(&rc, slot.message, bytes, start, end);
	ringcross_slot_tell(&slot);
	mutex_unlock(&slot.lock);
	return bytes;
}

/*
 * sysfs keeps the last byte of the page for itself and complains about a message that fills it; that is left
 * to happen, for a spec to see. What comes through `data` may be larger than the page and is refused.
 */
static ssize_t attrs_message_show(struct kobject *kobj, struct kobj_attribute *attr, char *to)
{
	ssize_t got;

	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	got = -EMSGSIZE;
	if (slot.bytes <= PAGE_SIZE) {
		memcpy(to, slot.message, slot.bytes);
		got = slot.bytes;
	}
	mutex_unlock(&slot.lock);
	return got;
}

static struct kobj_attribute message_attribute =
	__ATTR(message, 0644, attrs_message_show, attrs_message_store);

static ssize_t attrs_data_size_show(struct kobject *kobj, struct kobj_attribute *attr, char *to)
{
	return sysfs_emit(to, "%u\n", READ_ONCE(pieces.size));
}

static ssize_t attrs_data_size_store(struct kobject *kobj, struct kobj_attribute *attr, const char *from,
				     size_t bytes)
{
	unsigned int size;
	int error;

	error = kstrtouint(from, 10, &size);
	if (!error)
		error = ringcross_check_size(&rc, size);
	if (error)
		return error;
	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	WRITE_ONCE(pieces.size, size);
	pieces.writer = NULL;
	mutex_unlock(&slot.lock);
	return bytes;
}

static struct kobj_attribute data_size_attribute =
	__ATTR(data_size, 0644, attrs_data_size_show, attrs_data_size_store);

/* Under the lock: a message begins at its start, and goes on where the same open file has ended. */
static int attrs_data_check_piece(const struct file *writer, loff_t at, size_t bytes)
{
	if (at && (writer != pieces.writer || at != pieces.filled))
		return -EINVAL;
	return at + bytes > pieces.size ? -EMSGSIZE : 0;
}

static ssize_t attrs_data_write(struct file *file, struct kobject *kobj, RINGCROSS_BIN_ATTRIBUTE *attr,
				char *from, loff_t at, size_t bytes)
{
	u64 start;
	u64 end;
	int error;

	error = ringcross_hold_wait_file(&slot.hold, file);
	if (error)
		return error;
	start = ringcross_ticks();
	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	error = attrs_data_check_piece(file, at, bytes);
	if (error)
		goto unlock;
	attrs_copy(pieces.bytes + at, from, bytes);
	pieces.filled = at + bytes;
	pieces.writer = file;
	if (pieces.filled == pieces.size) {
		pieces.writer = NULL;
		ringcross_slot_replace(&slot, &pieces.bytes, pieces.size);
		end = ringcross_ticks();
		ringcross_received(&rc, slot.message, slot.bytes, start, end);
		ringcross_slot_tell(&slot);
	}
unlock:
	mutex_unlock(&slot.lock);
	return error ?: bytes;
}

static ssize_t attrs_data_read(struct file *file, struct kobject *kobj, RINGCROSS_BIN_ATTRIBUTE *attr,
			       char *to, loff_t at, size_t bytes)
{
	size_t got = 0;

	if (mutex_lock_interruptible(&slot.lock))
		return -ERESTARTSYS;
	if (at < slot.bytes) {
		got = min_t(size_t, bytes, slot.bytes - at);
		attrs_copy(to, slot.message + at, got);
	}
	mutex_unlock(&slot.lock);
	return got;
}

/* Its size is set when the limit of a message is known: sysfs lets nobody go past it. */
static struct bin_attribute data_attribute = __BIN_ATTR(data, 0644, attrs_data_read, attrs_data_write, 0);

static struct attribute *attributes[] = { &message_attribute.attr, &data_size_attribute.attr, NULL };
static RINGCROSS_BIN_ATTRIBUTE *binary_attributes[] = { &data_attribute, NULL };
static const struct attribute_group group = { .attrs = attributes, .bin_attrs = binary_attributes };

static int __init attrs_init(void)
{
	int error;

	error = ringcross_slot_init(&slot);
	if (error)
		return error;
	error = -ENOMEM;
	pieces.bytes = vzalloc(max_message);
	if (!pieces.bytes)
		goto free_slot;
	pieces.size = max_message;
	data_attribute.size = max_message;
	folder = kobject_create_and_add("ringcross-sysfs", kernel_kobj);
	if (!folder)
		goto free_pieces;
	error = sysfs_create_group(folder, &group);
	if (error)
		goto put_folder;
	ringcross_slot_start(&slot);
	return 0;

put_folder:
	kobject_put(folder);
free_pieces:
	vfree(pieces.bytes);
free_slot:
	ringcross_slot_free(&slot);
	return error;
}

static void __exit attrs_exit(void)
{
	struct kernfs_node *message;

	ringcross_stop(&rc);
	message = sysfs_get_dirent(folder->sd, "message");
	/* Waits for whoever is inside of an attribute; files that are still open then answer ENODEV. */
	sysfs_remove_group(folder, &group);
	/*
	 * Those who poll are not inside, and kernfs lets them sleep. Told before the attribute is gone they
	 * could poll again and sleep on; and then sysfs_notify(), which looks for a name, finds none.
	 */
	if (message)
		sysfs_notify_dirent(message);
	sysfs_put(message);
	kobject_put(folder);
	vfree(pieces.bytes);
	ringcross_slot_free(&slot);
}

module_init(attrs_init);
module_exit(attrs_exit);

MODULE_DESCRIPTION("ringcross: one message in attributes of sysfs");
MODULE_AUTHOR("The ringcross authors");
MODULE_LICENSE("GPL");
