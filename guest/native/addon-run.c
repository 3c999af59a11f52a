// SPDX-License-Identifier: MIT
/*
 * run(): one bench on its own threads, its stamps as a promise. runOpenLoop(): the same of an experiment on
 * reliability. benches(): what there is to run.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "job.h"
#include "napi-check.h"

static const char *const direction_names[] = { [U2K] = "u2k", [K2U] = "k2u", [U2U] = "u2u" };

struct run_job {
	struct job job;
	struct bench_run run;
	char *path;
};

static struct run_job *run_job_of(struct job *job)
{
	return (struct run_job *)((char *)job - offsetof(struct run_job, job));
}

static void work(struct job *job)
{
	bench_execute(&run_job_of(job)->run);
}

static void destroy(napi_env env, struct job *job)
{
	struct run_job *run = run_job_of(job);

	(void)env;
	bench_release(&run->run);
	free(run->path);
	free(run);
}

/* Stamps as one BigUint64Array of sequence number, start and end, message after message; undefined for no stamps. */
static napi_value stamps_value(napi_env env, const struct bench_side *side)
{
	const size_t bytes = side->count * sizeof(*side->stamps);
	napi_value buffer;
	napi_value array;
	void *data;

	if (!side->count) {
		CHECK(env, napi_get_undefined(env, &array), NULL);
		return array;
	}
	CHECK(env, napi_create_arraybuffer(env, bytes, &data, &buffer), NULL);
	memcpy(data, side->stamps, bytes);
	CHECK(env, napi_create_typedarray(env, napi_biguint64_array, bytes / sizeof(uint64_t), buffer, 0, &array),
	      NULL);
	return array;
}

static const char *const side_names[] = {
	[SENT] = "sent",
	[RECEIVED] = "received",
	[REFUSED] = "refused",
	[NOTICED] = "noticed",
};

static napi_value complete(napi_env env, struct job *job)
{
	struct bench_run *run = &run_job_of(job)->run;
	napi_value result;
	napi_value value;

	if (atomic_load(&run->failed)) {
		throw_errno(env, run->error.number, run->error.call);
		return NULL;
	}
	CHECK(env, napi_create_object(env, &result), NULL);
	CHECK(env, napi_create_bigint_uint64(env, run->overhead, &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "overhead", value), NULL);
	CHECK(env, napi_create_double(env, (double)atomic_load(&run->faults), &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "faults", value), NULL);
	CHECK(env, napi_create_int32(env, run->cpu, &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "cpu", value), NULL);
	if (run->bench->stream)
		CHECK(env, napi_create_bigint_uint64(env, run->stream_end - run->stream_start, &value), NULL);
	else
		CHECK(env, napi_get_undefined(env, &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "streamTicks", value), NULL);
	CHECK(env, napi_create_double(env, (double)run->corrupted, &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "corrupted", value), NULL);
	CHECK(env, napi_create_double(env, (double)run->recognised, &value), NULL);
	CHECK(env, napi_set_named_property(env, result, "recognised", value), NULL);
	for (int side = 0; side < SIDES; side++) {
		value = stamps_value(env, &run->side[side]);
		if (!value)
			return NULL;
		CHECK(env, napi_set_named_property(env, result, side_names[side], value), NULL);
	}
	return result;
}

static const struct bench *find_bench(const struct mechanism *mechanism, const char *direction, const char *variant)
{
	for (size_t i = 0; i < mechanism->bench_count; i++) {
		const struct bench *bench = &mechanism->benches[i];

		if (!strcmp(direction_names[bench->direction], direction) && !strcmp(bench->variant, variant))
			return bench;
	}
	return NULL;
}

/* mechanism, direction, variant; of an experiment on reliability or not */
static bool get_bench(napi_env env, const napi_value *values, bool open_loop, struct bench_run *run)
{
	char words[3][64];

	if (!get_text(env, values[0], "mechanism", words[0], sizeof(words[0])) ||
	    !get_text(env, values[1], "direction", words[1], sizeof(words[1])) ||
	    !get_text(env, values[2], "variant", words[2], sizeof(words[2])))
		return false;
	run->mechanism = mechanism_named(words[0]);
	if (run->mechanism)
		run->bench = find_bench(run->mechanism, words[1], words[2]);
	if (run->bench && !run->bench->take == !open_loop)
		return true;
	napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "no such bench");
	return false;
}

/* bytes, messages, warmup, cpu, realtime */
static bool get_numbers(napi_env env, const napi_value *values, struct bench_run *run)
{
	int64_t bytes;
	int64_t messages;
	int64_t warmup;
	int64_t cpu;

	if (!get_integer(env, values[0], "bytes", (int64_t)run->bench->min_bytes, (int64_t)run->bench->max_bytes,
			 &bytes) ||
	    !get_integer(env, values[1], "messages", 1, BENCH_MAX_MESSAGES, &messages) ||
	    !get_integer(env, values[2], "warmup", 1, BENCH_MAX_WARMUP, &warmup) ||
	    !get_integer(env, values[3], "cpu", -1, CPU_SETSIZE - 1, &cpu))
		return false;
	run->bytes = (size_t)bytes;
	run->messages = (uint64_t)messages;
	run->warmup = (uint64_t)warmup;
	run->cpu = (int)cpu;
	CHECK(env, napi_get_value_bool(env, values[4], &run->realtime), false);
	return true;
}

/* path, or undefined */
static bool get_path(napi_env env, napi_value value, struct run_job *job)
{
	napi_valuetype type;

	CHECK(env, napi_typeof(env, value, &type), false);
	if (type == napi_undefined)
		return true;
	job->path = get_new_text(env, value);
	job->run.path = job->path;
	return job->path != NULL;
}

/* NULL with an exception pending. */
static struct run_job *new_job(napi_env env)
{
	struct run_job *job = calloc(1, sizeof(*job));

	if (job)
		job->job = (struct job){ .work = work, .complete = complete, .destroy = destroy };
	else
		napi_throw_error(env, "ENOMEM", "out of memory");
	return job;
}

/*
 * run(mechanism, direction, variant, bytes, messages, warmup, cpu, realtime, path):
 * a promise of { overhead, faults, cpu, streamTicks, sent, received, ... }.
 */
napi_value js_run(napi_env env, napi_callback_info info)
{
	napi_value values[9];
	size_t count = ARRAY_SIZE(values);
	struct run_job *job;

	CHECK(env, napi_get_cb_info(env, info, &count, values, NULL, NULL), NULL);
	job = new_job(env);
	if (!job)
		return NULL;
	if (!get_bench(env, values, false, &job->run) || !get_numbers(env, values + 3, &job->run) ||
	    !get_path(env, values[8], job)) {
		destroy(env, &job->job);
		return NULL;
	}
	return job_start(env, &job->job);
}

/* buffer, period, service: in the mechanism's unit, and in nanoseconds */
static bool get_load(napi_env env, const napi_value *values, struct bench_run *run)
{
	int64_t buffer;
	int64_t service;

	if (!get_integer(env, values[0], "buffer", 0, UINT32_MAX, &buffer) ||
	    !get_integer(env, values[1], "period", -1, OPEN_LOOP_MAX_NS, &run->period) ||
	    !get_integer(env, values[2], "service", 0, OPEN_LOOP_MAX_NS, &service))
		return false;
	run->buffer = (uint32_t)buffer;
	run->service = (uint64_t)service;
	return true;
}

/*
 * runOpenLoop(mechanism, direction, variant, bytes, messages, warmup, cpu, realtime, buffer, period, service): a
 * promise as run()'s, with { refused, noticed, corrupted, recognised }. Nothing of it is a warm-up.
 */
napi_value js_run_open_loop(napi_env env, napi_callback_info info)
{
	napi_value values[11];
	size_t count = ARRAY_SIZE(values);
	struct run_job *job;

	CHECK(env, napi_get_cb_info(env, info, &count, values, NULL, NULL), NULL);
	job = new_job(env);
	if (!job)
		return NULL;
	if (!get_bench(env, values, true, &job->run) || !get_numbers(env, values + 3, &job->run) ||
	    !get_load(env, values + 8, &job->run)) {
		destroy(env, &job->job);
		return NULL;
	}
	return job_start(env, &job->job);
}

static napi_value bench_value(napi_env env, const struct mechanism *mechanism, const struct bench *bench)
{
	napi_value object;
	napi_value value;

	CHECK(env, napi_create_object(env, &object), NULL);
	CHECK(env, napi_create_string_utf8(env, mechanism->name, NAPI_AUTO_LENGTH, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "mechanism", value), NULL);
	CHECK(env, napi_create_string_utf8(env, direction_names[bench->direction], NAPI_AUTO_LENGTH, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "direction", value), NULL);
	CHECK(env, napi_create_string_utf8(env, bench->variant, NAPI_AUTO_LENGTH, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "variant", value), NULL);
	CHECK(env, napi_create_int64(env, (int64_t)bench->min_bytes, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "minBytes", value), NULL);
	CHECK(env, napi_create_int64(env, (int64_t)bench->max_bytes, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "maxBytes", value), NULL);
	CHECK(env, napi_get_boolean(env, bench->blocking || bench->worker, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "blocking", value), NULL);
	CHECK(env, napi_create_uint32(env, bench->listeners ? bench->listeners : 1, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "listeners", value), NULL);
	CHECK(env, napi_get_boolean(env, bench->stream, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "stream", value), NULL);
	CHECK(env, napi_get_boolean(env, bench->first_touch, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "firstTouch", value), NULL);
	CHECK(env, napi_get_boolean(env, bench->take != NULL, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "openLoop", value), NULL);
	return object;
}

/* benches(): an array of { mechanism, direction, variant, minBytes, maxBytes, blocking, listeners, stream, firstTouch, openLoop }. */
napi_value js_benches(napi_env env, napi_callback_info info)
{
	const struct mechanism *mechanism;
	uint32_t length = 0;
	napi_value array;

	(void)info;
	CHECK(env, napi_create_array(env, &array), NULL);
	for (size_t i = 0; (mechanism = mechanism_at(i)); i++) {
		for (size_t j = 0; j < mechanism->bench_count; j++) {
			napi_value value = bench_value(env, mechanism, &mechanism->benches[j]);

			if (!value)
				return NULL;
			CHECK(env, napi_set_element(env, array, length++, value), NULL);
		}
	}
	return array;
}
