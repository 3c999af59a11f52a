// The kernels in the cache. A kernel's folder is whole from the moment it has its name, and never changes.
//
//   kernels/6.12.117-1a2b3c4d5e6f7081/   one kept kernel: version and the start of its key
//   kernels/requests/<request key>       symbolic link to the kernel that such a request led to
//   kernels/under-way/                   builds under way; only the holder of the lock has one
//   kernels/logs/                        logs of builds that failed
//   kernels/lock                         one build at a time: each uses every core
//   sources/                             downloads and repositories, kept, so that a changed fragment needs no new one
//   apt/                                 the private apt state

import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type Board, boards } from '../../vm/board.ts';
import { cacheRoot } from '../cache.ts';
import { configValues } from './config-lines.ts';
import { buildEnvironment } from './environment.ts';
import { kept } from './keep.ts';
import type { BuildSize } from './make-output.ts';
import { runTool } from './run-tool.ts';
import { type SourceFacts, sourceFacts } from './sources/source.ts';

/** What is recorded beside a kept kernel, in kernel.json. */
const manifestSchema = z.object({
  schema: z.literal(1),
  name: z.string(),
  version: z.string(),
  key: z.string(),
  release: z.string(),
  buildId: z.string(),
  /** Steps that make printed: later builds measure their progress by it. Null where nothing was built. */
  steps: z.int().positive().nullable(),
  board: z.enum(boards).default('microvm'),
  /** Below the kernel's folder. */
  drivers: z.array(z.string()).default([]),
  facts: z.object({
    source: sourceFacts,
    configSha256: z.string(),
    imageSha256: z.string(),
    compiler: z.string(),
    recipe: z.int(),
    builtSeconds: z.number(),
    imageBytes: z.int(),
  }),
});

/** As it is written. */
export type Manifest = z.input<typeof manifestSchema>;

/** A kernel built here or as shipped, identified and kept in the cache. */
export interface BuiltKernel {
  /** As kernels.json names it: `6.12`. */
  name: string;
  /** The source's version: `6.12.117`. */
  version: string;
  /** The cache key: a SHA-256 over source, final config, toolchain and recipe, in hexadecimal. */
  key: string;
  /** The cached folder, whole and immutable. */
  dir: string;
  /** Path of the image. Boots through PVH. One that was built here has its symbol table. */
  vmlinux: string;
  /** Path of System.map; Debian ships one that only says which package has the symbols. */
  systemMap: string;
  /** Path of the final config. */
  config: string;
  /** What `make -C <buildTree> M=<dir> modules` needs. */
  buildTree: string;
  /** What `uname -r` prints in the guest. */
  release: string;
  /** GNU build id of vmlinux, in hexadecimal. */
  buildId: string;
  /** The machine on which it finds its devices. */
  board: Board;
  /** Paths of the modules that a guest loads before its root, in order; none where all of it is built in. */
  drivers: string[];
  facts: KernelFacts;
}

/** What a result's manifest records of a kernel. */
export interface KernelFacts {
  source: SourceFacts;
  configSha256: string;
  imageSha256: string;
  /** First line of `gcc --version`, as the config tells it of a kernel that was not built here. */
  compiler: string;
  recipe: number;
  /** From unpacking to the kept image, without waiting and downloading. */
  builtSeconds: number;
  imageBytes: number;
}

/** The paths of the cache, resolved once per use so that XDG_CACHE_HOME counts as it is then. */
export function storePaths(root = cacheRoot()) {
  const kernels = join(root, 'kernels');
  return {
    kernels,
    requests: join(kernels, 'requests'),
    work: join(kernels, 'under-way'),
    logs: join(kernels, 'logs'),
    lock: join(kernels, 'lock'),
    sources: join(root, 'sources'),
    apt: join(root, 'apt'),
  };
}

export type StorePaths = ReturnType<typeof storePaths>;

/** The folder of the kernel with this key, kept or not. */
export function kernelFolder(paths: StorePaths, version: string, key: string): string {
  return join(paths.kernels, `${version}-${key.slice(0, 16)}`);
}

/** The kernel that this request led to, `undefined` when there is none that can be trusted. */
export async function findByRequest(
  paths: StorePaths,
  name: string,
  request: string,
): Promise<BuiltKernel | undefined> {
  const target = await readlink(join(paths.requests, request)).catch(() => undefined);
  return target === undefined ? undefined : loadKernel(join(paths.kernels, basename(target)), name);
}

/** The kept kernel in a folder; `undefined` when it is not whole, as after a crash of the machine. */
export async function loadKernel(dir: string, name: string): Promise<BuiltKernel | undefined> {
  const manifest = await readManifest(dir);
  if (manifest === undefined) return undefined;
  const vmlinux = join(dir, kept.vmlinux);
  const size = await stat(vmlinux).then(
    (found) => found.size,
    () => undefined,
  );
  if (size !== manifest.facts.imageBytes) return undefined;
  const { version, key, release, buildId, board, drivers, facts } = manifest;
  return {
    name,
    version,
    key,
    dir,
    vmlinux,
    systemMap: join(dir, kept.systemMap),
    config: join(dir, kept.config),
    buildTree: join(dir, kept.buildTree),
    release,
    buildId,
    board,
    drivers: drivers.map((path) => join(dir, path)),
    facts,
  };
}

/** Writes the manifest into a folder that is else whole, and gives it its final name. Under the lock. */
export async function publishKernel(folder: string, final: string, manifest: Manifest): Promise<BuiltKernel> {
  await writeFile(join(folder, kept.manifest), `${JSON.stringify(manifest, undefined, 2)}\n`);
  // A name that outlives a power failure must not stand over files that did not.
  await runTool(['sync', '--file-system', folder], { env: buildEnvironment() });
  // What stands there under the lock and was not found by loadKernel is a ruin.
  await rm(final, { recursive: true, force: true });
  await rename(folder, final);
  const built = await loadKernel(final, manifest.name);
  if (built === undefined) throw new Error(`bug: the kernel just kept in ${final} cannot be read`);
  return built;
}

/** Records which kernel a request led to. */
export async function recordRequest(paths: StorePaths, request: string, dir: string): Promise<void> {
  await mkdir(paths.requests, { recursive: true });
  const link = join(paths.requests, request);
  const fresh = `${link}.${process.pid}`;
  await rm(fresh, { force: true });
  await symlink(join('..', basename(dir)), fresh);
  await rename(fresh, link);
}

/** A new work folder, after removing what builds that were killed have left. Under the lock. */
export async function makeWorkFolder(paths: StorePaths): Promise<string> {
  await removeTree(paths.work);
  await mkdir(paths.work, { recursive: true });
  return mkdtemp(join(paths.work, 'build-'));
}

/** Removes a tree; a compiler that has just been killed may still be writing its last file there. */
export async function removeTree(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** The builds that the cache has of the kernels asked for, as measures for the next one. */
export async function keptBuilds(
  paths: StorePaths,
  isWanted: (name: string) => boolean,
): Promise<BuildSize[]> {
  const folders = await readdir(paths.kernels).catch(() => []);
  const builds = await Promise.all(
    folders.map(async (folder) => {
      const dir = join(paths.kernels, folder);
      const manifest = await readManifest(dir);
      if (manifest === undefined || manifest.steps === null || !isWanted(manifest.name)) return undefined;
      const config = await readFile(join(dir, kept.config), 'utf8').catch(() => undefined);
      if (config === undefined) return undefined;
      return { steps: manifest.steps, options: configValues(config).size };
    }),
  );
  return builds.filter((build) => build !== undefined);
}

async function readManifest(dir: string): Promise<z.output<typeof manifestSchema> | undefined> {
  try {
    const text = await readFile(join(dir, kept.manifest), 'utf8');
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // No file, or one cut short by a crash: no kernel that can be trusted.
    return undefined;
  }
}
