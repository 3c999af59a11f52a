// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "addon-args.h"
#include "napi-check.h"

/* Beyond this a double does not hold every whole number: such a value must come as a bigint. */
#define MAX_SAFE_INTEGER ((INT64_C(1) << 53) - 1)

static bool get_bigint(napi_env env, napi_value value, int64_t *result)
{
	uint64_t word = 0;
	size_t words = 1;
	int negative;

	/* Addresses are unsigned, most else is signed: 64 bits of either are taken as they are. */
	CHECK(env, napi_get_value_bigint_words(env, value, &negative, &words, &word), false);
	if (words > 1) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "a bigint argument must fit 64 bits");
		return false;
	}
	*result = (int64_t)(negative ? -word : word);
	return true;
}

static bool get_address(napi_env env, napi_value value, int64_t *result)
{
	bool is_view = false;
	void *data;

	CHECK(env, napi_is_typedarray(env, value, &is_view), false);
	if (!is_view) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE",
				      "an argument must be a number, a bigint, a typed array or a string");
		return false;
	}
	CHECK(env, napi_get_typedarray_info(env, value, NULL, NULL, &data, NULL, NULL), false);
	*result = (int64_t)(intptr_t)data;
	return true;
}

static bool get_arg(napi_env env, napi_value value, int64_t *result, char **text)
{
	napi_valuetype type;

	CHECK(env, napi_typeof(env, value, &type), false);
	switch (type) {
	case napi_number:
		return get_integer(env, value, "an argument", -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, result);
	case napi_bigint:
		return get_bigint(env, value, result);
	case napi_string:
		*text = get_new_text(env, value);
		*result = (int64_t)(intptr_t)*text;
		return *text != NULL;
	default:
		return get_address(env, value, result);
	}
}

bool get_args(napi_env env, napi_value array, struct call_args *args)
{
	bool is_array = false;
	uint32_t count;

	*args = (struct call_args){ 0 };
	CHECK(env, napi_is_array(env, array, &is_array), false);
	if (!is_array) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "arguments must be an array");
		return false;
	}
	CHECK(env, napi_get_array_length(env, array, &count), false);
	if (count > MAX_ARGS) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "a system call takes at most six arguments");
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		napi_value value;

		if (napi_get_element(env, array, i, &value) != napi_ok) {
			throw_status(env);
			goto free_texts;
		}
		if (!get_arg(env, value, &args->value[i], &args->text[i]))
			goto free_texts;
	}
	return true;

free_texts:
	free_args(args);
	return false;
}

void free_args(struct call_args *args)
{
	for (int i = 0; i < MAX_ARGS; i++) {
		free(args->text[i]);
		args->text[i] = NULL;
	}
}
