/* SPDX-License-Identifier: MIT */
/* The functions that JavaScript sees, by the file that has them. */
#ifndef ADDON_H
#define ADDON_H

#include <node_api.h>

#include "bench.h"

/* Registered mechanisms, one by one: NULL after the last. */
const struct mechanism *mechanism_at(size_t index);
const struct mechanism *mechanism_named(const char *name);

/* addon-run.c */
napi_value js_run(napi_env env, napi_callback_info info);
napi_value js_run_open_loop(napi_env env, napi_callback_info info);
napi_value js_benches(napi_env env, napi_callback_info info);
/* addon-probe.c */
napi_value js_probe(napi_env env, napi_callback_info info);
/* addon-call.c */
napi_value js_syscall(napi_env env, napi_callback_info info);
napi_value js_syscall_async(napi_env env, napi_callback_info info);
napi_value js_int80(napi_env env, napi_callback_info info);
/* addon-clone.c */
napi_value js_next_line(napi_env env, napi_callback_info info);
napi_value js_take_resumed(napi_env env, napi_callback_info info);
napi_value js_reseed(napi_env env, napi_callback_info info);
napi_value js_tsc(napi_env env, napi_callback_info info);

#endif
