// C of guest/, compiled once: the same sources by the same compiler are found again by digest.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withTemporaryFolder } from '../../vm/temporary.ts';
import { cacheRoot } from '../cache.ts';

/** One call of gcc. */
export interface Compilation {
  /** What is compiled, as an error names it. */
  what: string;
  /** Where gcc runs, so that no path of the host gets into messages or bytes. */
  folder: string;
  /** Names of C files in `folder`. */
  sources: readonly string[];
  /** Paths of what they include of ours. */
  headers: readonly string[];
  flags: readonly string[];
  /** Folders of headers; part of no digest, since they differ from host to host. */
  includes: readonly string[];
}

/** Finds what `compilation` gives in `<cache>/<shelf>`, or compiles it there; returns its path. Errors: ADDON_BUILD. */
export const ensureCompiled = async (
  compilation: Compilation,
  shelf: string,
  suffix = '',
): Promise<string> => {
  const dir = join(cacheRoot(), shelf);
  const path = join(dir, `${await digestOf(compilation)}${suffix}`);
  if (await canAccess(path)) return path;
  await mkdir(dir, { recursive: true });
  return await withTemporaryFolder(async (work) => {
    const output = join(work, 'compiled');
    await compile(compilation, output);
    await rename(output, path);
    return path;
  }, dir);
};

/** Compiles into the file `output`. Errors: ADDON_BUILD, with what gcc said. */
export const compile = async (
  { what, folder, sources, flags, includes }: Compilation,
  output: string,
): Promise<void> => {
  const folders = includes.map((path) => `-I${path}`);
  try {
    await execa('gcc', [...flags, ...folders, '-o', output, ...sources], { cwd: folder, all: true });
  } catch (cause) {
    throw new RingcrossError('ADDON_BUILD', `expected gcc to compile ${what}, but it failed`, {
      cause,
      ...(cause instanceof ExecaError ? { log: String(cause.all) } : {}),
    });
  }
};

const digestOf = async ({ folder, sources, headers, flags }: Compilation): Promise<string> => {
  const compiler = (await execa('gcc', ['--version'])).stdout.split('\n')[0] ?? '';
  const digest = createHash('sha256').update(JSON.stringify({ flags, compiler }));
  for (const path of [...sources.map((name) => join(folder, name)), ...headers])
    digest.update(`\0${basename(path)}\0`).update(await readFile(path));
  return digest.digest('hex').slice(0, 32);
};
