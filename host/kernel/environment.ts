// The environments that the programs of a kernel build run in.

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
 * Words for every make of a kernel. Kconfig looks for these programs, and the config then names their versions:
 * the cache key would depend on what else a host has installed. A C kernel without BTF uses none of them.
 */
export const makeArguments = ['RUSTC=none', 'BINDGEN=none', 'PAHOLE=none'] as const;
