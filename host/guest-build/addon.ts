// The native addon of guest/native: compiled on the host, loaded by the same node in the guest.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dependencyFolder, ownRoot } from '../project.ts';
import { type Compilation, compile, ensureCompiled } from './compile.ts';

const folder = join(ownRoot, 'guest/native');
/** What both sides of the border must agree on: headers for all, and those of single modules. */
const modules = join(ownRoot, 'kmod');
const sharedHeaders = join(modules, 'include');

const flags = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-pthread',
  '-DNAPI_VERSION=9',
  // Same sources, same bytes, wherever the project stands.
  '-Wl,--build-id=none',
];

/** Finds or compiles the addon, kept by digest of sources, flags and compiler. Errors: ADDON_BUILD. */
export const ensureAddon = async (): Promise<string> =>
  await ensureCompiled(await compilation(), 'addons', '.node');

/** Compiles every C file of guest/native into one addon; `extra` flags come last. Errors: ADDON_BUILD. */
export const compileAddon = async (output: string, extra: readonly string[] = []): Promise<void> =>
  await compile(await compilation(extra), output);

const compilation = async (extra: readonly string[] = []): Promise<Compilation> => ({
  what: 'guest/native',
  folder,
  sources: await names(folder, '.c'),
  headers: [...(await paths(folder, '.h')), ...(await pathsBelow(modules, '.h'))],
  flags: [...flags, ...extra],
  includes: [join(dependencyFolder('node-api-headers'), 'include'), sharedHeaders],
});

const names = async (dir: string, suffix: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.endsWith(suffix)).sort();

const paths = async (dir: string, suffix: string): Promise<string[]> =>
  (await names(dir, suffix)).map((name) => join(dir, name));

const pathsBelow = async (dir: string, suffix: string): Promise<string[]> =>
  (await readdir(dir, { recursive: true }))
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(dir, name));
