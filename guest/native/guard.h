/* SPDX-License-Identifier: MIT */
/* Survives a call that the kernel may answer with a signal. */
#ifndef GUARD_H
#define GUARD_H

/* Calls `call(argument)`; 0, or the SIGSEGV, SIGBUS or SIGILL that ended it early. */
int guarded(void (*call)(void *argument), void *argument);

#endif
