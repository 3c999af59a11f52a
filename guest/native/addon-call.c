// SPDX-License-Identifier: MIT
/*
 * Raw system calls for tests of behaviour. The result is the kernel's own, a
 * negative errno included: what a wrong pointer brings is the test's business.
 */
#include <errno.h>
#include <stdlib.h>

#include "addon-args.h"
#include "addon.h"
#include "guard.h"
#include "job.h"
#include "napi-check.h"

struct call_job {
	struct job job;
	long number;
	struct call_args args;
	/* Keeps the views among the arguments alive while the kernel works on them. */
	napi_ref array;
	long result;
};

static bool get_call(napi_env env, napi_callback_info info, napi_value *array, long *number, struct call_args *args)
{
	napi_value values[2];
	size_t count = ARRAY_SIZE(values);
	int64_t whole;

	CHECK(env, napi_get_cb_info(env, info, &count, values, NULL, NULL), false);
	if (!get_integer(env, values[0], "a call's number", 0, INT32_MAX, &whole))
		return false;
	*number = (long)whole;
	*array = values[1];
	return get_args(env, values[1], args);
}

static long call(long number, const struct call_args *args)
{
	const int64_t *value = args->value;

	return sys6(number, value[0], value[1], value[2], value[3], value[4], value[5]);
}

static napi_value bigint(napi_env env, int64_t number)
{
	napi_value value;

	CHECK(env, napi_create_bigint_int64(env, number, &value), NULL);
	return value;
}

/* syscall(number, arguments): on this thread. */
napi_value js_syscall(napi_env env, napi_callback_info info)
{
	struct call_args args;
	napi_value array;
	long number;
	long result;

	if (!get_call(env, info, &array, &number, &args))
		return NULL;
	result = call(number, &args);
	free_args(&args);
	return bigint(env, result);
}

static struct call_job *call_job_of(struct job *job)
{
	return (struct call_job *)((char *)job - offsetof(struct call_job, job));
}

static void work(struct job *job)
{
	struct call_job *self = call_job_of(job);

	self->result = call(self->number, &self->args);
}

static napi_value complete(napi_env env, struct job *job)
{
	return bigint(env, call_job_of(job)->result);
}

static void destroy(napi_env env, struct job *job)
{
	struct call_job *self = call_job_of(job);

	if (env && self->array)
		napi_delete_reference(env, self->array);
	free_args(&self->args);
	free(self);
}

/* syscallAsync(number, arguments): on a thread of its own, a promise of the result. */
napi_value js_syscall_async(napi_env env, napi_callback_info info)
{
	struct call_job *self = calloc(1, sizeof(*self));
	napi_value array;

	if (!self) {
		napi_throw_error(env, "ENOMEM", "out of memory");
		return NULL;
	}
	self->job = (struct job){ .work = work, .complete = complete, .destroy = destroy };
	if (!get_call(env, info, &array, &self->number, &self->args)) {
		destroy(env, &self->job);
		return NULL;
	}
	if (napi_create_reference(env, array, 1, &self->array) != napi_ok) {
		throw_status(env);
		destroy(env, &self->job);
		return NULL;
	}
	return job_start(env, &self->job);
}

struct gate {
	long number;
	const int64_t *value;
	long result;
};

static void enter_by_int80(void *argument)
{
	struct gate *gate = argument;
	const int64_t *value = gate->value;

	gate->result = sys_int80(gate->number, value[0], value[1], value[2], value[3], value[4]);
}

/* int80(number, arguments): up to five 32-bit numbers. A kernel without the entry: ENOSYS. */
napi_value js_int80(napi_env env, napi_callback_info info)
{
	struct gate gate;
	struct call_args args;
	napi_value array;

	if (!get_call(env, info, &array, &gate.number, &args))
		return NULL;
	for (int i = 0; i < MAX_ARGS; i++) {
		const bool fits = i < 5 && args.value[i] >= INT32_MIN && args.value[i] <= UINT32_MAX;

		if ((fits || !args.value[i]) && !args.text[i])
			continue;
		free_args(&args);
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "int80 takes up to five numbers of 32 bits");
		return NULL;
	}
	gate.value = args.value;
	if (guarded(enter_by_int80, &gate)) {
		throw_errno(env, ENOSYS, "int80");
		return NULL;
	}
	return bigint(env, gate.result);
}
