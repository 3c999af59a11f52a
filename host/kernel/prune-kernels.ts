// `kernel prune`: removes from the cache what no kernel of the config leads to any more.

import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defaultConfigFolder } from './config-folder.ts';
import {
  type ConfigFolderOption,
  findPlanned,
  type KernelOptions,
  requestKeyOf,
  withStore,
} from './ensure.ts';
import { flavoursOf, readKernelList } from './kernel-list.ts';
import { type KernelPlan, type OpenedKernels, planKernel } from './kernel-plan.ts';
import { type BuiltKernel, loadKernel, removeTree, type StorePaths } from './store.ts';
import { readToolchain, type Toolchain } from './toolchain.ts';

export interface PruneOptions extends ConfigFolderOption, Pick<KernelOptions, 'signal' | 'onProgress'> {
  /** So many of the kernels that nothing leads to stay: those built last. */
  keep?: number;
  /** Removes nothing. */
  isDryRun?: boolean;
  /** The folder of modules built for kernels. */
  modules: string;
  /** The names in it that this kernel's modules have, as their sources are now. */
  modulesOf(kernel: BuiltKernel): Promise<readonly string[]>;
}

/** One thing that was removed. */
export interface Pruned {
  path: string;
  bytes: number;
}

/**
 * Removes kernels, sources and modules that no kernel of kernels.json, the folder's or ringcross' own, nor a flavour
 * of one leads to, with this host's compiler. What another process builds meanwhile is waited for.
 * @throws RingcrossError those of `planKernel`: what a kernel leads to must be known before anything goes.
 */
export async function pruneKernels(options: PruneOptions): Promise<Pruned[]> {
  const list = await readKernelList(options.configFolder ?? defaultConfigFolder);
  const names = [...list.kernels.keys()].flatMap((name) => [name, ...flavoursOf(name, list)]);
  const toolchain = await readToolchain();
  return withStore(options, async ({ paths }) => {
    const opened: OpenedKernels = new Map();
    const plans = await Promise.all(names.map((name) => planKernel(name, list, opened)));
    const kept = await keptKernels(plans, toolchain, paths, options.keep ?? 0);
    const modules = (await Promise.all(kept.map((kernel) => options.modulesOf(kernel)))).flat();
    const unused = [
      ...(await kernelsBut(paths, kept)),
      ...(await othersIn(
        paths.sources,
        plans.flatMap(({ source }) => source.kept),
      )),
      ...(await othersIn(options.modules, modules)),
    ];
    const pruned: Pruned[] = [];
    for (const path of unused) {
      pruned.push({ path, bytes: await bytesOf(path) });
      if (options.isDryRun !== true) await removeTree(path);
    }
    if (options.isDryRun !== true) await dropRequests(paths, plans, toolchain);
    return pruned;
  });
}

/** The folders of kernels, whole or not, that are none of these. Locks, logs and requests stand beside them. */
async function kernelsBut(paths: StorePaths, kernels: Iterable<{ dir: string }>): Promise<string[]> {
  const names = Array.from(kernels, ({ dir }) => basename(dir));
  return (await othersIn(paths.kernels, names)).filter((folder) => /-[\da-f]{16}$/.test(folder));
}

async function keptKernels(
  plans: readonly KernelPlan[],
  toolchain: Toolchain | undefined,
  paths: StorePaths,
  keep: number,
): Promise<BuiltKernel[]> {
  const found = await Promise.all(plans.map((plan) => findPlanned(plan, toolchain)));
  const led = new Map(
    found.flatMap((kernel) => (kernel === undefined ? [] : [[kernel.dir, kernel] as const])),
  );
  const folders = await kernelsBut(paths, led.values());
  const others = await Promise.all(
    folders.map(async (dir) => ({
      kernel: await loadKernel(dir, basename(dir)),
      built: (await lstat(dir)).mtimeMs,
    })),
  );
  const newest = others
    .toSorted((a, b) => b.built - a.built)
    .flatMap(({ kernel }) => kernel ?? [])
    .slice(0, keep);
  return [...led.values(), ...newest];
}

/** Requests of other plans lead to kernels as well, and a link to one that has gone leads nowhere. */
async function dropRequests(
  paths: StorePaths,
  plans: readonly KernelPlan[],
  toolchain: Toolchain | undefined,
): Promise<void> {
  const wanted = toolchain === undefined ? [] : plans.map((plan) => requestKeyOf(plan, toolchain));
  const folders = new Set(await readdir(paths.kernels));
  for (const link of await othersIn(paths.requests, wanted)) {
    const target = await readlink(link).catch(() => '');
    if (!folders.has(basename(target))) await removeTree(link);
  }
}

/** The entries of a folder, which may not be there, less those of these names. */
async function othersIn(folder: string, names: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => !names.includes(entry)).map((entry) => join(folder, entry));
}

/** What a file or a tree takes of the disk. */
async function bytesOf(path: string): Promise<number> {
  const found = await lstat(path);
  const own = found.blocks * 512;
  if (!found.isDirectory()) return own;
  let bytes = own;
  for (const entry of await readdir(path)) bytes += await bytesOf(join(path, entry));
  return bytes;
}
