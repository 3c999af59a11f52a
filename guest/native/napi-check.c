// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "napi-check.h"

void throw_status(napi_env env)
{
	const napi_extended_error_info *info;
	const char *message = "unknown Node-API error";
	bool pending;

	/* The details are of the last call, so they are read before any other. */
	if (napi_get_last_error_info(env, &info) == napi_ok && info->error_message)
		message = info->error_message;
	if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
		napi_throw_error(env, "ERR_NAPI", message);
}

void throw_errno(napi_env env, int number, const char *call)
{
	const char *name = strerrorname_np(number);
	char unnamed[32];
	char message[256];
	napi_value code;
	napi_value text;
	napi_value error;
	napi_value value;

	if (!name) {
		snprintf(unnamed, sizeof(unnamed), "errno %d", number);
		name = unnamed;
	}
	snprintf(message, sizeof(message), "%s: %s, %s", name, strerrordesc_np(number) ?: "unknown error", call);
	CHECK(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code), );
	CHECK(env, napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text), );
	CHECK(env, napi_create_error(env, code, text, &error), );
	CHECK(env, napi_create_int32(env, -number, &value), );
	CHECK(env, napi_set_named_property(env, error, "errno", value), );
	CHECK(env, napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &value), );
	CHECK(env, napi_set_named_property(env, error, "syscall", value), );
	CHECK(env, napi_throw(env, error), );
}

bool get_integer(napi_env env, napi_value value, const char *name, int64_t min, int64_t max, int64_t *result)
{
	napi_valuetype type;
	char message[128];
	double number;

	CHECK(env, napi_typeof(env, value, &type), false);
	if (type != napi_number) {
		snprintf(message, sizeof(message), "%s must be a number", name);
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
		return false;
	}
	CHECK(env, napi_get_value_double(env, value, &number), false);
	/* Written so that NaN fails too. */
	if (!(number >= (double)min && number <= (double)max) || number != (double)(int64_t)number) {
		snprintf(message, sizeof(message), "%s must be a whole number from %lld to %lld", name, (long long)min,
			 (long long)max);
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
		return false;
	}
	*result = (int64_t)number;
	return true;
}

bool get_text(napi_env env, napi_value value, const char *name, char *text, size_t size)
{
	napi_valuetype type;
	char message[128];
	size_t length;

	CHECK(env, napi_typeof(env, value, &type), false);
	if (type != napi_string) {
		snprintf(message, sizeof(message), "%s must be a string", name);
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
		return false;
	}
	CHECK(env, napi_get_value_string_utf8(env, value, NULL, 0, &length), false);
	if (length >= size) {
		snprintf(message, sizeof(message), "%s must be shorter than %zu bytes", name, size);
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
		return false;
	}
	CHECK(env, napi_get_value_string_utf8(env, value, text, size, &length), false);
	return true;
}

char *get_new_text(napi_env env, napi_value value)
{
	size_t length;
	char *text;

	CHECK(env, napi_get_value_string_utf8(env, value, NULL, 0, &length), NULL);
	text = malloc(length + 1);
	if (!text) {
		napi_throw_error(env, "ENOMEM", "out of memory");
		return NULL;
	}
	if (napi_get_value_string_utf8(env, value, text, length + 1, &length) != napi_ok) {
		throw_status(env);
		free(text);
		return NULL;
	}
	return text;
}
