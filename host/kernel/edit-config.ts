// Changes of kernels.json and kernels.lock.json: each file is replaced whole, and everything else in it stays.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { configFiles } from './config-folder.ts';
import { formatJson } from './format-json.ts';
import { type LockFile, readKernelsFile, readLockFile } from './kernels-file.ts';
import { kindOfPin, type SourcePin } from './sources/index.ts';

/**
 * Adds a kernel to the folder's kernels.json, and its pin to the lock; makes what is not there yet.
 * The lock first: a pin too many disturbs nobody, a kernel without one does.
 */
export async function addKernel(folder: string, name: string, kernel: object, pin: SourcePin): Promise<void> {
  await mkdir(folder, { recursive: true });
  const kernels = await readOwn(folder, 'kernels', readKernelsFile, { kernels: {} });
  await writePins(folder, new Map([[name, pin]]));
  await replace(join(folder, configFiles.kernels), {
    ...kernels,
    kernels: { ...kernels.kernels, [name]: kernel },
  });
}

/**
 * Writes these pins over those that the lock has. The size of a build that was reviewed stays, as an estimate, where the
 * source is still of the same kind.
 */
export async function writePins(folder: string, pins: ReadonlyMap<string, SourcePin>): Promise<void> {
  const lock = await readOwn<LockFile>(folder, 'lock', readLockFile, {});
  const written = [...pins].filter(([, pin]) => kindOfPin(pin) !== 'dir');
  if (written.length === 0) return;
  const entries = written.map(([name, pin]) => {
    const earlier = lock[name];
    const isSameKind = earlier !== undefined && kindOfPin(earlier) === kindOfPin(pin);
    return [name, isSameKind ? { ...pin, build: earlier.build } : pin];
  });
  await replace(join(folder, configFiles.lock), { ...lock, ...Object.fromEntries(entries) });
}

/** The file as it stands, which has been found to be as it should; `empty` where there is none. */
async function readOwn<T extends object>(
  folder: string,
  which: keyof typeof configFiles,
  check: (folder: string) => Promise<unknown>,
  empty: T,
): Promise<T> {
  const text = await readFile(join(folder, configFiles[which]), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (text === undefined) return empty;
  await check(folder);
  // As written, not as checked: what has been left to a default stays so.
  return JSON.parse(text) as T;
}

async function replace(path: string, value: object): Promise<void> {
  try {
    await writeFile(`${path}.new`, formatJson(value));
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new RingcrossError('KERNEL_CONFIG', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
