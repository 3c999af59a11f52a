// The surroundings that the programs of a kernel build run in.

import { availableParallelism } from 'node:os';

/** For programs that need the host's own settings, such as its proxies. Their messages are in English. */
export function hostEnvironment(host: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...host, LC_ALL: 'C' };
}

/**
 * For the kernel's make. Only what names programs and folders comes from the host: a MAKEFLAGS, KCFLAGS,
 * ARCH or CROSS_COMPILE of the caller would change the kernel, and the cache key would not show it.
 */
export function buildEnvironment(host: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'TMPDIR'].flatMap((name) =>
    host[name] === undefined ? [] : [[name, host[name]]],
  );
  return { ...Object.fromEntries(passed), ...reproducible };
}

// https://docs.kernel.org/kbuild/reproducible-builds.html
const reproducible = {
  LC_ALL: 'C',
  TZ: 'UTC',
  SOURCE_DATE_EPOCH: '0',
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'ringcross',
  KBUILD_BUILD_HOST: 'ringcross',
  KBUILD_BUILD_VERSION: '1',
};

/**
 * What every make of a kernel is told: to use all cores, and where not to look. Kconfig searches for these three
 * programs and writes their versions into the config, so that the cache key would depend on what else a host has
 * installed. A kernel in C without BTF uses none of them.
 */
export function makeArguments(): string[] {
  return [`-j${availableParallelism()}`, 'RUSTC=none', 'BINDGEN=none', 'PAHOLE=none'];
}
