// Loading and unloading modules inside the guest.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { systemError } from './errno.ts';
import { kernelLog, kernelLogEnd } from './kernel-log.ts';
import type { ModuleNeed } from './needs.ts';
import { syscall } from './syscall.ts';

/** Where each module that was loaded came from, by the kernel's name for it. */
const paths = new Map<string, string>();

/**
 * What the kernel calls a module: `chardev`, a folder of kmod/, is `ringcross_chardev` there; a module that has no
 * such file keeps its name.
 */
export const moduleName = (name: string): string => {
  const plain = name.replaceAll('-', '_');
  const ours = `ringcross_${plain}`;
  return paths.has(ours) ? ours : plain;
};

/**
 * The file of a module that was loaded before, to load it again.
 * @throws {Error} when `loadModule` has not seen it in this process.
 */
export const modulePath = (name: string): string => {
  const path = paths.get(moduleName(name));
  if (path) return path;
  throw new Error(`the module ${name} has not been loaded here: name it in the spec's needs.modules`);
};

/** Parameters as finit_module(2) takes them: `capacity=4 stamps=10`. */
export const moduleParameters = (parameters: NonNullable<ModuleNeed['parameters']>): string =>
  Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

/**
 * Loads a module from its file, with parameters as after `insmod NAME.ko`.
 * @throws an error with `code`, `errno` and `syscall`; its message ends with what the kernel printed meanwhile.
 */
export const loadModule = (path: string, parameters = ''): void => {
  const fd = openSync(path, 'r');
  const before = kernelLogEnd();
  try {
    const result = syscall('finit_module', fd, parameters, 0);
    if (result < 0n) throw moduleError(result, 'finit_module', path, before);
    paths.set(basename(path, '.ko').replaceAll('-', '_'), path);
  } finally {
    closeSync(fd);
  }
};

/** O_NONBLOCK, which delete_module(2) takes as a flag. */
const nonBlocking = 0o4000;

/**
 * Unloads a module without waiting: one in use is `EAGAIN`.
 * @throws as `loadModule`; `ENOENT` when it is not loaded.
 */
export const unloadModule = (name: string): void => {
  const before = kernelLogEnd();
  const result = syscall('delete_module', moduleName(name), nonBlocking);
  if (result < 0n) throw moduleError(result, 'delete_module', moduleName(name), before);
};

/** Whether the module is there and ready. */
export const moduleLoaded = (name: string): boolean =>
  readFileSync('/proc/modules', 'latin1')
    .split('\n')
    .some((line) => line.startsWith(`${moduleName(name)} `) && line.includes(' Live '));

const moduleError = (result: bigint, call: string, what: string, before: number): Error => {
  const said = kernelLog(before);
  const detail = said.length > 0 ? `${what}; the kernel said: ${said.join(' | ')}` : what;
  return systemError(Number(-result), call, detail);
};
