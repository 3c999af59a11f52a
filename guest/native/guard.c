// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "bench.h"
#include "guard.h"

static const int caught[] = { SIGSEGV, SIGBUS, SIGILL };

/* Handlers belong to the process: one guarded call at a time. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local sigjmp_buf *landing;

static void land(int number)
{
	/* A fault of another thread is its own: it comes again at once and meets the default action. */
	if (!landing)
		signal(number, SIG_DFL);
	else
		siglongjmp(*landing, number);
}

int guarded(void (*call)(void *argument), void *argument)
{
	struct sigaction action = { .sa_handler = land };
	struct sigaction actions[ARRAY_SIZE(caught)];
	sigjmp_buf here;
	sigset_t mask;
	sigset_t set;
	int number;

	pthread_mutex_lock(&one_at_a_time);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++) {
		sigaction(caught[i], &action, &actions[i]);
		sigaddset(&set, caught[i]);
	}
	/* A fault whose signal is blocked kills at once, and threads of ours block all of them. */
	pthread_sigmask(SIG_UNBLOCK, &set, &mask);
	number = sigsetjmp(here, 0);
	if (!number) {
		landing = &here;
		call(argument);
	}
	landing = NULL;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &actions[i], NULL);
	pthread_mutex_unlock(&one_at_a_time);
	return number;
}
