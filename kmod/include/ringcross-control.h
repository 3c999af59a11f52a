/* SPDX-License-Identifier: GPL-2.0 */
/* Files of debugfs that take words and tell whoever reads them which they understand. */
#ifndef RINGCROSS_CONTROL_H
#define RINGCROSS_CONTROL_H

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/string.h>

/* NAME_fops, of a file whose NAME_write() stands above; a reader gets `help`. */
#define RINGCROSS_DEFINE_CONTROL(name, help)                                                         \
	static ssize_t name##_read(struct file *file, char __user *to, size_t bytes, loff_t *at)   \
	{                                                                                          \
		return simple_read_from_buffer(to, bytes, at, help, strlen(help));                 \
	}                                                                                          \
	static const struct file_operations name##_fops = {                                        \
		.owner = THIS_MODULE,                                                              \
		.open = simple_open,                                                               \
		.read = name##_read,                                                               \
		.write = name##_write,                                                             \
		.llseek = default_llseek,                                                          \
	}

#endif
