// SPDX-License-Identifier: MIT
/* The addon's entry: checks the CPU once, then exports its functions. guest/native.ts is its only caller. */
#include <cpuid.h>
#include <string.h>

#include "addon.h"
#include "napi-check.h"

/* Made by the linker around the section that MECHANISM fills. */
extern const struct mechanism *const __start_ringcross_mechanisms[] __attribute__((visibility("hidden")));
extern const struct mechanism *const __stop_ringcross_mechanisms[] __attribute__((visibility("hidden")));

const struct mechanism *mechanism_at(size_t index)
{
	const size_t count = (size_t)(__stop_ringcross_mechanisms - __start_ringcross_mechanisms);

	return index < count ? __start_ringcross_mechanisms[index] : NULL;
}

const struct mechanism *mechanism_named(const char *name)
{
	const struct mechanism *mechanism;

	for (size_t i = 0; (mechanism = mechanism_at(i)); i++)
		if (!strcmp(mechanism->name, name))
			return mechanism;
	return NULL;
}

/* rdtscp closes every window; without it the first one would kill the process. CPUID is outside any window here. */
static bool has_rdtscp(void)
{
	unsigned int a;
	unsigned int b;
	unsigned int c;
	unsigned int d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && d & (1u << 27);
}

static napi_value init(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		{ "run", NULL, js_run, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "runOpenLoop", NULL, js_run_open_loop, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "benches", NULL, js_benches, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "probe", NULL, js_probe, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "syscall", NULL, js_syscall, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "syscallAsync", NULL, js_syscall_async, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "int80", NULL, js_int80, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "nextLine", NULL, js_next_line, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "takeResumed", NULL, js_take_resumed, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "reseed", NULL, js_reseed, NULL, NULL, NULL, napi_enumerable, NULL },
		{ "tsc", NULL, js_tsc, NULL, NULL, NULL, napi_enumerable, NULL },
	};

	if (!has_rdtscp()) {
		napi_throw_error(env, "ENOTSUP", "this CPU has no RDTSCP: give the machine a CPU model with +rdtscp");
		return NULL;
	}
	CHECK(env, napi_define_properties(env, exports, ARRAY_SIZE(functions), functions), NULL);
	return exports;
}

NAPI_MODULE(ringcross, init)
