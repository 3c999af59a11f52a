// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>

#include "job.h"
#include "napi-check.h"

/* A rejection carries the exception that `complete` left pending. */
static void settle(napi_env env, struct job *job)
{
	napi_value value = job->complete(env, job);
	bool pending = false;
	napi_value reason;

	napi_is_exception_pending(env, &pending);
	if (!pending) {
		CHECK(env, napi_resolve_deferred(env, job->deferred, value), );
		return;
	}
	CHECK(env, napi_get_and_clear_last_exception(env, &reason), );
	CHECK(env, napi_reject_deferred(env, job->deferred, reason), );
}

static void on_done(napi_env env, napi_value callback, void *context, void *data)
{
	struct job *job = data;

	(void)callback;
	(void)context;
	if (env)
		settle(env, job);
	job->destroy(env, job);
}

static void *thread_main(void *argument)
{
	struct job *job = argument;
	napi_threadsafe_function done = job->done;

	job->work(job);
	/* From here on the job is the main thread's. */
	napi_call_threadsafe_function(done, job, napi_tsfn_blocking);
	napi_release_threadsafe_function(done, napi_tsfn_release);
	return NULL;
}

/* The thread takes no signal meant for the process: those are libuv's, on the main thread. */
static int start_thread(struct job *job)
{
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t previous;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &previous);
	error = pthread_create(&thread, &attributes, thread_main, job);
	pthread_sigmask(SIG_SETMASK, &previous, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

static napi_value create_promise(napi_env env, struct job *job)
{
	napi_value name;
	napi_value promise;

	CHECK(env, napi_create_string_utf8(env, "ringcross", NAPI_AUTO_LENGTH, &name), NULL);
	CHECK(env, napi_create_promise(env, &job->deferred, &promise), NULL);
	CHECK(env,
	      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, on_done, &job->done),
	      NULL);
	return promise;
}

napi_value job_start(napi_env env, struct job *job)
{
	napi_value promise = create_promise(env, job);
	int error;

	if (!promise) {
		job->destroy(env, job);
		return NULL;
	}
	error = start_thread(job);
	if (error) {
		napi_release_threadsafe_function(job->done, napi_tsfn_abort);
		job->destroy(env, job);
		throw_errno(env, error, "pthread_create");
		return NULL;
	}
	return promise;
}
