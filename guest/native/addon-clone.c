// SPDX-License-Identifier: MIT
/*
 * What a clone of a frozen guest needs and JavaScript cannot reach: OpenSSL's
 * generators, whose state is that of every other clone, and the clock.
 */
#include "addon.h"
#include "napi-check.h"
#include "window.h"

/*
 * OpenSSL is part of node, which exports it. Weak: the addon's own tests may run under a node that does not.
 * Source: RAND_add(3). It reseeds the primary generator from the kernel; the others notice at their next use.
 */
extern int RAND_poll(void) __attribute__((weak));

/* reseed(): OpenSSL's random numbers come from what the kernel's generator holds now. */
napi_value js_reseed(napi_env env, napi_callback_info info)
{
	(void)info;
	if (!RAND_poll || RAND_poll() != 1)
		napi_throw_error(env, "ENOTSUP", "this node's OpenSSL cannot be seeded anew (RAND_poll)");
	return NULL;
}

/* tsc(): the time stamp counter. */
napi_value js_tsc(napi_env env, napi_callback_info info)
{
	napi_value value;

	(void)info;
	CHECK(env, napi_create_bigint_uint64(env, window_close(), &value), NULL);
	return value;
}
