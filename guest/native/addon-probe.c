// SPDX-License-Identifier: MIT
/* probe(): a mechanism's single question, answered on the caller's thread. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "addon-args.h"
#include "addon.h"
#include "napi-check.h"

static const struct probe *find_probe(const char *mechanism_name, const char *name)
{
	const struct mechanism *mechanism = mechanism_named(mechanism_name);

	for (size_t i = 0; mechanism && i < mechanism->probe_count; i++)
		if (!strcmp(mechanism->probes[i].name, name))
			return &mechanism->probes[i];
	return NULL;
}

static napi_value probe_value(napi_env env, int64_t result, int number)
{
	const char *name = number ? sigabbrev_np(number) : NULL;
	napi_value object;
	napi_value value;
	char text[32];

	CHECK(env, napi_create_object(env, &object), NULL);
	CHECK(env, napi_create_bigint_int64(env, result, &value), NULL);
	CHECK(env, napi_set_named_property(env, object, "value", value), NULL);
	if (number) {
		snprintf(text, sizeof(text), "SIG%s", name ? name : "?");
		CHECK(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value), NULL);
	} else {
		CHECK(env, napi_get_null(env, &value), NULL);
	}
	CHECK(env, napi_set_named_property(env, object, "signal", value), NULL);
	return object;
}

/* probe(mechanism, name, arguments): { value: bigint, signal: string | null }. */
napi_value js_probe(napi_env env, napi_callback_info info)
{
	napi_value values[3];
	size_t count = ARRAY_SIZE(values);
	char words[2][64];
	struct call_args args;
	const struct probe *probe;
	int64_t result;
	int number = 0;

	CHECK(env, napi_get_cb_info(env, info, &count, values, NULL, NULL), NULL);
	if (!get_text(env, values[0], "mechanism", words[0], sizeof(words[0])) ||
	    !get_text(env, values[1], "name", words[1], sizeof(words[1])))
		return NULL;
	probe = find_probe(words[0], words[1]);
	if (!probe) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "no such probe");
		return NULL;
	}
	if (!get_args(env, values[2], &args))
		return NULL;
	result = probe->call(args.value, &number);
	free_args(&args);
	return probe_value(env, result, number);
}
