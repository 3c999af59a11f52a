/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's interfaces were called before, or have come to be called: the only place
 * that asks for the kernel's version. Modules are written for the newest series; each entry
 * names the release that changed it. It stands first among a module's includes of ours.
 */
#ifndef RINGCROSS_COMPAT_H
#define RINGCROSS_COMPAT_H

#include <linux/version.h>

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <net/genetlink.h>

/* 5.11: relay does not change the callbacks that it is given. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define RINGCROSS_RELAY_CALLBACKS const struct rchan_callbacks
#else
#define RINGCROSS_RELAY_CALLBACKS struct rchan_callbacks
#endif

/* 6.1: who asked is told which attribute is missing. */
#ifndef GENL_REQ_ATTR_CHECK
#define GENL_REQ_ATTR_CHECK(info, attr) (!(info)->attrs[attr])
#endif

/* 6.3: flags of a mapping are set by functions, which take its lock for writing. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.6: a dump has a struct genl_info, as a single command has. Before, its attributes stood elsewhere. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define ringcross_dump_attrs(cb) (genl_info_dump(cb)->attrs)
#define ringcross_dump_family(cb) (genl_info_dump(cb)->family)
/* Whether it lacks an attribute; who asked is told which. */
#define ringcross_dump_lacks(cb, type) GENL_REQ_ATTR_CHECK(genl_info_dump(cb), type)
#else
#define ringcross_dump_attrs(cb) (genl_dumpit_info(cb)->attrs)
#define ringcross_dump_family(cb) (genl_dumpit_info(cb)->family)
#define ringcross_dump_lacks(cb, type) (!ringcross_dump_attrs(cb)[type])
#endif

/* 6.13: a timer gets its function when it is set up. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* 6.16: handlers of a binary attribute of sysfs do not change it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define RINGCROSS_BIN_ATTRIBUTE const struct bin_attribute
#else
#define RINGCROSS_BIN_ATTRIBUTE struct bin_attribute
#endif

/* 6.17: relay does not tell a new sub-buffer's callback how much of the one before was left. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define RINGCROSS_SUBBUF_START(name) int name(struct rchan_buf *buf, void *subbuf, void *prev_subbuf)
#else
#define RINGCROSS_SUBBUF_START(name)                                                               \
	int name(struct rchan_buf *buf, void *subbuf, void *prev_subbuf, size_t prev_padding)
#endif

/*
 * 7.0: relay's files are mapped by mmap_prepare and have no mmap. RINGCROSS_RELAY_MAP() defines the
 * operation of a file whose private data is a buffer of relay's; relay itself checks the length only, and
 * from a later page on its fault handler would look beyond the buffer.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define RINGCROSS_RELAY_MAP(name)                                                                  \
	static int name(struct vm_area_desc *desc)                                                 \
	{                                                                                          \
		return desc->pgoff ? -EINVAL : relay_file_operations.mmap_prepare(desc);           \
	}
#define RINGCROSS_RELAY_MAP_OP mmap_prepare
#else
#define RINGCROSS_RELAY_MAP(name)                                                                  \
	static int name(struct file *file, struct vm_area_struct *vma)                             \
	{                                                                                          \
		return vma->vm_pgoff ? -EINVAL : relay_file_operations.mmap(file, vma);            \
	}
#define RINGCROSS_RELAY_MAP_OP mmap
#endif

/* 7.0: the files of a file system in memory are kept by themselves, and go with any super block. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define ringcross_kill_super kill_anon_super
#else
#define ringcross_kill_super kill_litter_super
#endif

#endif
