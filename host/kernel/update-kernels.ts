// `kernel update`: moves pins to the newest that their sources have.

import { isDeepStrictEqual } from 'node:util';
import { RingcrossError } from '../../vm/errors.ts';
import { addKernel, writePins } from './edit-config.ts';
import { type KernelOptions, withStore } from './ensure.ts';
import { type KernelList, readKernelList } from './kernel-list.ts';
import { unknownKernel } from './kernel-plan.ts';
import { type LockFile, readLockFile } from './kernels-file.ts';
import { kindOfPin, resolveSource, type SourcePin } from './sources/index.ts';

/** What an update does to one kernel. */
export interface KernelChange {
  name: string;
  /** What the lock holds; `undefined` where it has no pin of this kind of source. */
  from: SourcePin | undefined;
  to: SourcePin;
  isNew: boolean;
  /** It was ringcross' own, and is the project's from now on. */
  isAdopted: boolean;
}

/**
 * Looks up the newest of each kernel named, of each in the folder's kernels.json where none is, and unless it only
 * checks, writes them to the folder's lock. Nothing is written where one is not to be had. A working tree has nothing
 * to update. One of ringcross' own that is named, and has a newer version, becomes the project's: ringcross' own files
 * are not the project's to write.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG`, and `KERNEL_SOURCE_*`.
 */
export async function updateKernels(
  configFolder: string,
  names: readonly string[],
  options: Pick<KernelOptions, 'signal' | 'onProgress'> & { isCheck?: boolean } = {},
): Promise<KernelChange[]> {
  const list = await readKernelList(configFolder);
  return withStore(options, async (context) => {
    const changes: KernelChange[] = [];
    // One after the other: they share apt's state, and a repository.
    for (const { name, kernel } of kernelsToUpdate(list, configFolder, names)) {
      const { source, folder } = kernel;
      if (source.kind === 'dir') continue;
      const from = pinOf((await readLockIfThere(folder))[name], source.kind);
      const to = await resolveSource(source, undefined, { name, folder }, context);
      const isNew = from === undefined || !isDeepStrictEqual(withKind(from), withKind(to));
      changes.push({ name, from, to, isNew, isAdopted: isNew && folder !== configFolder });
    }
    if (options.isCheck !== true) await write(configFolder, list, changes);
    return changes;
  });
}

async function write(
  configFolder: string,
  list: KernelList,
  changes: readonly KernelChange[],
): Promise<void> {
  for (const { name, to } of changes.filter(({ isAdopted }) => isAdopted)) {
    const { source, fragments, lacks = {} } = list.kernels.get(name) ?? {};
    const kernel = { source, fragments, ...(Object.keys(lacks).length > 0 ? { lacks } : {}) };
    await addKernel(configFolder, name, kernel, to);
  }
  const own = changes.filter(({ isNew, isAdopted }) => isNew && !isAdopted);
  await writePins(configFolder, new Map(own.map(({ name, to }) => [name, to])));
}

function kernelsToUpdate(list: KernelList, configFolder: string, names: readonly string[]) {
  const own = [...list.kernels].filter(([, { folder }]) => folder === configFolder);
  const wanted = names.length > 0 ? names : own.map(([name]) => name);
  return wanted.map((name) => {
    const kernel = list.kernels.get(name);
    if (kernel === undefined) throw unknownKernel(name, list);
    return { name, kernel };
  });
}

/** A lock that is not there yet pins nothing; one that is wrong is not written over. */
async function readLockIfThere(folder: string): Promise<LockFile> {
  try {
    return await readLockFile(folder);
  } catch (error) {
    if (error instanceof RingcrossError && isMissing(error.cause)) return {};
    throw error;
  }
}

/** The pin without what its last build came to; none where it is of another kind than the kernel now is. */
function pinOf(entry: LockFile[string] | undefined, kind: string): SourcePin | undefined {
  if (entry === undefined || kindOfPin(entry) !== kind) return undefined;
  const { build: _, ...pin } = entry;
  return pin;
}

/** The kind that an older entry leaves out makes it no other pin. */
function withKind(pin: SourcePin): object {
  return { ...pin, kind: kindOfPin(pin) };
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
