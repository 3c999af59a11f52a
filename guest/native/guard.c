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
	struct sigaction previous[ARRAY_SIZE(caught)];
	sigjmp_buf here;
	int number;

	pthread_mutex_lock(&one_at_a_time);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &action, &previous[i]);
	number = sigsetjmp(here, 1);
	if (!number) {
		landing = &here;
		call(argument);
	}
	landing = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &previous[i], NULL);
	pthread_mutex_unlock(&one_at_a_time);
	return number;
}
