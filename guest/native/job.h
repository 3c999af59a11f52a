/* SPDX-License-Identifier: MIT */
/*
 * Work on a thread of its own, answered by a promise. Not libuv's pool: a call
 * that blocks for ever would hold one of its four threads and keep the process
 * from exiting.
 */
#ifndef JOB_H
#define JOB_H

#include <node_api.h>

struct job {
	/* On the job's thread: touches no JavaScript value. */
	void (*work)(struct job *job);
	/* On the main thread: the promise's value, or NULL with the reason pending as an exception. */
	napi_value (*complete)(napi_env env, struct job *job);
	/* Frees the job and all it holds. `env` is NULL when the environment has ended. */
	void (*destroy)(napi_env env, struct job *job);

	/* job.c's own. */
	napi_deferred deferred;
	napi_threadsafe_function done;
};

/*
 * Starts the job and returns its promise. The job then belongs to the thread,
 * which destroys it after completing it. NULL with an exception pending when it
 * could not start; the job is destroyed then too.
 */
napi_value job_start(napi_env env, struct job *job);

#endif
