// Kernel modules: built out of tree against one kernel, kept by digest of kernel and sources.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { RingcrossError } from '../vm/errors.ts';
import { cacheRoot } from './cache.ts';
import type { BuiltKernel } from './kernel/index.ts';

/** The shared headers of modules, beside their folders. */
const sharedHeaders = 'include';

/**
 * Builds `<modulesDir>/<name>` against the kernel with warnings on (W=1), each an error; returns the path of
 * the one .ko that its Kbuild makes. Errors: MODULE_BUILD, with the compiler's lines.
 */
export const ensureModule = async (
  modulesDir: string,
  name: string,
  kernel: BuiltKernel,
  signal?: AbortSignal,
): Promise<string> => {
  const sources = await readSources(modulesDir, name);
  const digest = createHash('sha256').update(kernel.key);
  for (const [path, bytes] of sources) digest.update(`\0${path}\0`).update(bytes);
  const kept = join(cacheRoot(), 'modules');
  const dir = join(kept, `${name}-${digest.digest('hex').slice(0, 32)}`);
  const [known] = await readdir(dir).catch(() => []);
  if (known !== undefined) return join(dir, known);
  await mkdir(kept, { recursive: true });
  const work = await mkdtemp(join(kept, 'new-'));
  try {
    for (const folder of [name, sharedHeaders])
      await cp(join(modulesDir, folder), join(work, folder), { recursive: true }).catch(() => {});
    const result = await execa(
      'make',
      [
        '-C',
        kernel.buildTree,
        `M=${join(work, name)}`,
        'W=1',
        'KCFLAGS=-Werror',
        `-j${availableParallelism()}`,
        'modules',
      ],
      { reject: false, all: true, env: { LC_ALL: 'C' }, ...(signal ? { cancelSignal: signal } : {}) },
    );
    if (result.exitCode !== 0)
      throw new RingcrossError(
        'MODULE_BUILD',
        `expected the module ${name} to build for ${kernel.name}, but make failed`,
        {
          log: compilerLines(result.all ?? '', work),
        },
      );
    const built = (await readdir(join(work, name))).filter((file) => file.endsWith('.ko'));
    if (built.length !== 1 || built[0] === undefined)
      throw new RingcrossError(
        'MODULE_BUILD',
        `expected one .ko of the module ${name}, but its Kbuild makes ${built.length}: ${built.join(', ')}`,
      );
    // The kernel names a module by its file, so the file keeps its name inside a folder of the digest's.
    const folder = join(work, 'kept');
    await mkdir(folder);
    await rename(join(work, name, built[0]), join(folder, built[0]));
    await rename(folder, dir).catch(async (error: NodeJS.ErrnoException) => {
      // Another process made the same module meanwhile.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return join(dir, built[0]);
  } catch (cause) {
    if (cause instanceof RingcrossError) throw cause;
    throw new RingcrossError(
      'MODULE_BUILD',
      `expected ${name}.ko of the module ${name}, but: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

/** Every file that the module is made of, with its bytes, in a fixed order. */
const readSources = async (modulesDir: string, name: string): Promise<[path: string, bytes: Buffer][]> => {
  const paths: string[] = [];
  for (const folder of [name, sharedHeaders]) {
    const entries = await readdir(join(modulesDir, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    if (folder === name && entries.length === 0)
      throw new RingcrossError(
        'MODULE_BUILD',
        `expected the module's folder ${join(modulesDir, name)}, but there is none`,
      );
    for (const entry of entries) if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
  }
  return await Promise.all(
    paths
      .sort()
      .map(async (path): Promise<[string, Buffer]> => [path.slice(modulesDir.length), await readFile(path)]),
  );
};

/** From the compiler's first complaint on, with the temporary folder taken out of its paths. */
const compilerLines = (output: string, work: string): string => {
  const lines = output.replaceAll(`${work}/`, '').split('\n');
  const first = lines.findIndex((line) => /\b(error|warning|ERROR|WARNING)\b|\*\*\*/.test(line));
  return lines.slice(Math.max(0, first), Math.max(0, first) + 30).join('\n');
};
