// The first root of a guest whose kernel has its drivers as modules: busybox, the drivers and an init that loads them, mounts
// the root image and hands over to it. Made without root, kept by digest.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { canAccess } from './can-access.ts';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import { RingcrossError } from './errors.ts';
import { librariesOf, requireProgram } from './root-image.ts';
import { isSystemError } from './system-error.ts';
import { withTemporaryFolder } from './temporary.ts';

/** Where the files of a first root come from on the host. */
export interface InitramfsSources {
  init: string;
  /** Modules, to be loaded in this order. */
  drivers: readonly string[];
}

/** Finds the archive in `cacheDir` or makes it there; its path. Errors: ROOT_IMAGE. */
export const ensureInitramfs = async (cacheDir: string, sources: InitramfsSources): Promise<string> => {
  const dir = join(cacheDir, 'initramfs');
  try {
    const archive = cpioArchive(await entriesOf(sources));
    const path = join(dir, `${createHash('sha256').update(archive).digest('hex').slice(0, 32)}.cpio`);
    if (await canAccess(path)) return path;
    await mkdir(dir, { recursive: true });
    await withTemporaryFolder(async (work) => {
      await writeFile(join(work, 'archive'), archive);
      await rename(join(work, 'archive'), path);
    }, dir);
    return path;
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new RingcrossError('ROOT_IMAGE', `expected to make a first root in ${dir}, but: ${cause.message}`, {
      cause,
    });
  }
};

const entriesOf = async ({ init, drivers }: InitramfsSources): Promise<CpioEntry[]> => {
  const busybox = await requireProgram('busybox');
  const files: [target: string, source: string][] = [
    ['init', init],
    ['bin/busybox', busybox],
    ...(await librariesOf([busybox])).map((path): [string, string] => [path.slice(1), path]),
    // The init loads them in the order of their names.
    ...drivers.map((path, index): [string, string] => [
      `drivers/${`${index}`.padStart(2, '0')}-${basename(path)}`,
      path,
    ]),
  ];
  const folders = new Set(['dev', 'proc', 'root', 'sys']);
  for (const [target] of files) for (const folder of foldersAbove(target)) folders.add(folder);
  return [
    ...[...folders].sort().map((path): CpioEntry => ({ path, kind: 'folder' })),
    ...(await Promise.all(
      files.map(
        async ([path, source]): Promise<CpioEntry> => ({
          path,
          kind: 'file',
          content: await readFile(source),
          isExecutable: !path.startsWith('drivers/'),
        }),
      ),
    )),
  ];
};

/** `a`, `a/b` of `a/b/c`. */
const foldersAbove = (path: string): string[] => {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
};
