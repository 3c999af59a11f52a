/* SPDX-License-Identifier: MIT */
/* The vDSO that the kernel mapped into this process, read as the ELF file that it is. */
#ifndef VDSO_IMAGE_H
#define VDSO_IMAGE_H

/* Address of a function by name, such as "__vdso_time"; NULL when there is no vDSO or no such symbol. */
void *vdso_symbol(const char *name);

#endif
