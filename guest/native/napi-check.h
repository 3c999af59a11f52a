/* SPDX-License-Identifier: MIT */
/* Node-API statuses and errno, as JavaScript exceptions. */
#ifndef NAPI_CHECK_H
#define NAPI_CHECK_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

/* On any status but napi_ok leaves an exception pending and returns `result`. */
#define CHECK(env, call, result)                                                                       \
	do {                                                                                           \
		if ((call) != napi_ok) {                                                               \
			throw_status(env);                                                             \
			return result;                                                                 \
		}                                                                                      \
	} while (0)

/* Throws what the last Node-API call reported, unless an exception is pending already. */
void throw_status(napi_env env);

/* Throws an Error with `code` (ENOENT), `errno` (negative, as Node's own) and `syscall`. */
void throw_errno(napi_env env, int number, const char *call);

/* A number that must be a whole one in [min, max]; false with an exception pending. */
bool get_integer(napi_env env, napi_value value, const char *name, int64_t min, int64_t max, int64_t *result);

/* A string of fewer than `size` bytes; false with an exception pending. */
bool get_text(napi_env env, napi_value value, const char *name, char *text, size_t size);

/* As get_text for strings of any length. The caller frees; NULL with an exception pending. */
char *get_new_text(napi_env env, napi_value value);

#endif
