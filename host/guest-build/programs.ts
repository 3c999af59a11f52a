// The freestanding programs of guest/programs: one C file each, compiled on the host without a libc.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ownRoot } from '../project.ts';
import { type Compilation, compile, ensureCompiled } from './compile.ts';

export const programsDir = join(ownRoot, 'guest/programs');

const flags = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  // Neither libc nor libgcc: what would need them does not link. gcc makes calls of memset of no loop.
  '-ffreestanding',
  '-nostdlib',
  '-fno-tree-loop-distribute-patterns',
  // One static file at a fixed address; no guard that a libc would have to set up.
  '-static',
  '-fno-pie',
  '-no-pie',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-Wl,-z,noexecstack',
  // Same sources, same bytes, wherever the project stands.
  '-Wl,--build-id=none',
];

const suffix = '.c';

/** A program whose name ends so is a 32-bit one. */
const suffix32 = '.m32';

/** Finds or compiles every program: path by name, which is that of its file without `.c`. Errors: ADDON_BUILD. */
export const ensurePrograms = async (): Promise<Map<string, string>> => {
  const found = new Map<string, string>();
  for (const name of await programNames())
    found.set(name, await ensureCompiled(programCompilation(name), 'programs'));
  return found;
};

/** Compiles one program into the file `output`. Errors: ADDON_BUILD. */
export const compileProgram = async (name: string, output: string, dir = programsDir): Promise<void> =>
  await compile(programCompilation(name, dir), output);

/** Names of all programs, sorted. */
export const programNames = async (): Promise<string[]> =>
  (await readdir(programsDir))
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .sort();

const programCompilation = (name: string, folder = programsDir): Compilation => ({
  what: `guest/programs/${name}${suffix}`,
  folder,
  sources: [`${name}${suffix}`],
  headers: [],
  flags: [...(name.endsWith(suffix32) ? ['-m32'] : []), ...flags],
  includes: [],
});
