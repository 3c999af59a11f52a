// The kernels by name: a project's own, and ringcross' own, which they extend.

import { join } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { configFiles, defaultConfigFolder } from './config-folder.ts';
import { type FragmentEntry, type KernelsFile, readKernelsFile } from './kernels-file.ts';

/** Something of a kernels.json, and the folder of that file. */
type From<T> = T & { folder: string };

export interface KernelList {
  /** The folders that it was read from; what stands in an earlier one wins. */
  folders: readonly string[];
  default: string;
  kernels: ReadonlyMap<string, From<KernelsFile['kernels'][string]>>;
  flavours: ReadonlyMap<string, From<KernelsFile['flavours'][string]>>;
  /** By the folder of a kernel that names no fragments: those it is configured with. */
  fragments: ReadonlyMap<string, From<{ entries: readonly FragmentEntry[] }>>;
}

/**
 * The kernels of the folder's kernels.json, if it has one, and those of ringcross' own that it does not name itself.
 * @throws RingcrossError `KERNEL_CONFIG`.
 */
export async function readKernelList(configFolder: string): Promise<KernelList> {
  const folders = await configFolders(configFolder);
  const files = await Promise.all(
    folders.map(async (folder) => ({ folder, file: await readKernelsFile(folder) })),
  );
  const kernels = firstByName(files, (file) => file.kernels);
  const fragments = files.map(({ folder }, index) => {
    const from = files.slice(index).find(({ file }) => file.fragments !== undefined);
    if (from?.file.fragments === undefined) throw incomplete(folder, '"fragments"');
    return [folder, { entries: from.file.fragments, folder: from.folder }] as const;
  });
  const named = files.find(({ file }) => file.default !== undefined);
  if (named?.file.default === undefined) throw incomplete(folders.join(' and '), '"default"');
  if (!kernels.has(named.file.default))
    throw new RingcrossError(
      'KERNEL_CONFIG',
      `${join(named.folder, configFiles.kernels)}: expected the name of a kernel as default, got ${JSON.stringify(named.file.default)}`,
    );
  return {
    folders,
    default: named.file.default,
    kernels,
    flavours: firstByName(files, (file) => file.flavours),
    fragments: new Map(fragments),
  };
}

/** The names of a kernel's flavours. One that comes as shipped has none. */
export function flavoursOf(name: string, { kernels, flavours }: KernelList): string[] {
  if (kernels.get(name)?.source.kind === 'image') return [];
  return [...flavours.keys()].map((flavour) => `${name}-${flavour}`);
}

/** What the files name, each from the first that names it, in their order. */
function firstByName<T>(
  files: readonly { folder: string; file: KernelsFile }[],
  pick: (file: KernelsFile) => Record<string, T>,
): Map<string, From<T>> {
  const found = new Map<string, From<T>>();
  for (const { folder, file } of files)
    for (const [name, one] of Object.entries(pick(file)))
      if (!found.has(name)) found.set(name, { ...one, folder });
  return found;
}

/** The folders that have a kernels.json, the project's before ringcross' own. */
async function configFolders(configFolder: string): Promise<string[]> {
  if (configFolder === defaultConfigFolder) return [defaultConfigFolder];
  const hasOwn = await canAccess(join(configFolder, configFiles.kernels));
  return hasOwn ? [configFolder, defaultConfigFolder] : [defaultConfigFolder];
}

function incomplete(folder: string, key: string): RingcrossError {
  return new RingcrossError('KERNEL_CONFIG', `expected ${key} in kernels.json of ${folder}, but it has none`);
}
