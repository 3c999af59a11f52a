// Everything that is known of one kernel before any work.

import { join } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { isInRange } from '../version-range.ts';
import { configFiles } from './config-folder.ts';
import { overlay, type Request, readRequests } from './fragments.ts';
import { type KernelList, readKernelList } from './kernel-list.ts';
import { type FragmentEntry, type LockFile, readLockFile, readText } from './kernels-file.ts';
import type { BuildSize } from './make-output.ts';
import { kindOfPin, openSource, type SourcePin, type SourceSettings } from './sources/index.ts';
import type { KernelSource } from './sources/source.ts';

/** A kernel as the two files and its fragments describe it. */
export interface KernelPlan {
  name: string;
  /** The kernel-config folder that names it. */
  folder: string;
  source: KernelSource;
  /**
   * What the config is to hold: of the fragments that apply, less what the kernel is declared to lack. Nothing of a
   * kernel as shipped.
   */
  requests: Request[];
  /** Symbols that a fragment asks for and this series does not have, and why that is well. */
  lacks: ReadonlyMap<string, string>;
  /** The size of a reviewed build, if there was one: the first build on a machine measures its progress by it. */
  reviewedBuild: BuildSize | undefined;
}

/**
 * The plan of the kernel, or of its flavour, that has this name in the folder's kernels.json or in ringcross' own.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG`, `KERNEL_CONTRADICTION`, or of a working tree
 * `KERNEL_SOURCE_TREE` and `KERNEL_TOOLS`.
 */
export async function readKernelPlan(name: string, configFolder: string): Promise<KernelPlan> {
  return planKernel(name, await readKernelList(configFolder));
}

/**
 * The plan of one kernel of the list, or of its flavour. Errors: those of `readKernelPlan`.
 * @param opened What plans of the same list have in common: a large working tree is looked over once.
 */
export async function planKernel(
  name: string,
  list: KernelList,
  opened: OpenedKernels = new Map(),
): Promise<KernelPlan> {
  const { base, flavour } = splitName(name, list);
  const kernel = list.kernels.get(base);
  if (kernel === undefined) throw unknownKernel(name, list);
  const { folder } = kernel;
  const opening = opened.get(base) ?? openKernel(base, kernel.source, folder);
  opened.set(base, opening);
  const { source, build } = await opening;
  if (source.layout === 'packages') {
    if (flavour !== null) throw shippedFlavour(base, name);
    return { name, folder, source, requests: [], lacks: new Map(), reviewedBuild: build };
  }
  const read = async (entries: readonly FragmentEntry[] | undefined, from: string | undefined) =>
    readRequests(await readFragments(entries ?? [], source.version, searchedFolders(list, from)));
  const shared = list.fragments.get(folder);
  const asked = await (kernel.fragments === undefined
    ? read(shared?.entries, shared?.folder)
    : read(kernel.fragments, folder));
  const layer = flavour === null ? undefined : list.flavours.get(flavour);
  const onTop = await read(layer?.fragments, layer?.folder);
  const lacks = new Map(Object.entries(kernel.lacks));
  return {
    name,
    folder,
    source,
    requests: overlay(asked, onTop).filter(({ symbol }) => !lacks.has(symbol)),
    lacks,
    reviewedBuild: build,
  };
}

/** The sources of kernels, by name, with the sizes of their reviewed builds. */
export type OpenedKernels = Map<string, ReturnType<typeof openKernel>>;

async function openKernel(name: string, settings: SourceSettings, folder: string) {
  const { pin, build } = await readPin(name, settings, folder);
  return { source: await openSource(settings, pin, { name, folder }), build };
}

/** `6.12-debug` is the flavour `debug` of `6.12`, unless there is a kernel of that very name. */
function splitName(
  name: string,
  { kernels, flavours }: KernelList,
): { base: string; flavour: string | null } {
  if (!kernels.has(name))
    for (const flavour of flavours.keys())
      if (name.endsWith(`-${flavour}`)) return { base: name.slice(0, -flavour.length - 1), flavour };
  return { base: name, flavour: null };
}

/** Names those there are. */
export function unknownKernel(name: string, { kernels, flavours, folders }: KernelList): RingcrossError {
  const suffixes = [...flavours.keys()].map((flavour) => `-${flavour}`);
  const also = suffixes.length === 0 ? '' : `, those that are built also with ${suffixes.join(' or ')}`;
  return new RingcrossError(
    'KERNEL_UNKNOWN',
    `kernels.json of ${folders.join(' and ')} has no kernel ${JSON.stringify(name)}; ` +
      `it names ${[...kernels.keys()].join(', ')}${also}`,
  );
}

function shippedFlavour(base: string, name: string): RingcrossError {
  return new RingcrossError(
    'KERNEL_CONFIG',
    `expected a kernel that is built, got ${name}: ${base} comes as shipped and can have no flavour`,
  );
}

/** A fragment that a project's folder does not have is ringcross' own of that name. */
function searchedFolders({ folders }: KernelList, from: string | undefined): readonly string[] {
  return from === undefined ? [] : folders.slice(folders.indexOf(from));
}

/** The fragments that apply to a kernel of this version. */
async function readFragments(entries: readonly FragmentEntry[], version: string, folders: readonly string[]) {
  const files = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return isInRange(version, entry.versions) ? [entry.file] : [];
  });
  return Promise.all(
    files.map(async (file) => ({ name: file, text: await readText(await findFragment(file, folders)) })),
  );
}

async function findFragment(file: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) if (await canAccess(join(folder, file))) return join(folder, file);
  // The one that would be read first is the one that an error names.
  return join(folders[0] ?? '', file);
}

async function readPin(
  name: string,
  { kind }: SourceSettings,
  folder: string,
): Promise<{ pin: SourcePin; build: BuildSize | undefined }> {
  if (kind === 'dir') return { pin: { kind }, build: undefined };
  const path = join(folder, configFiles.lock);
  const entry = (await readLockFile(folder))[name];
  if (entry === undefined || kindOfPin(entry) !== kind) throw wrongPin(path, name, kind, entry);
  const { build, ...pin } = entry;
  return { pin, build };
}

function wrongPin(path: string, name: string, kind: string, entry: LockFile[string] | undefined) {
  return new RingcrossError(
    'KERNEL_CONFIG',
    `${path}: expected an entry that pins kernel ${JSON.stringify(name)} of kernels.json, whose source is ${kind}, ` +
      `got ${entry === undefined ? 'none' : `one of ${kindOfPin(entry)}`}`,
    { next: `npx ringcross kernel update ${name}` },
  );
}
