/* SPDX-License-Identifier: MIT */
/* Arguments of a raw call, from JavaScript: numbers as they are, bytes and strings by their address. */
#ifndef ADDON_ARGS_H
#define ADDON_ARGS_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_ARGS 6

struct call_args {
	int64_t value[MAX_ARGS];
	/* Copies of strings, to be freed. */
	char *text[MAX_ARGS];
};

/* An array of at most MAX_ARGS numbers, bigints, views and strings. False with an exception pending. */
bool get_args(napi_env env, napi_value array, struct call_args *args);
void free_args(struct call_args *args);

#endif
