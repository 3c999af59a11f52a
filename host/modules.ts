// Kernel modules: built out of tree against one kernel, kept by digest of kernel and sources.
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { RingcrossError } from '../vm/errors.ts';
import { throwIfInterrupted } from '../vm/interrupted.ts';
import { withTemporaryFolder } from '../vm/temporary.ts';
import { cacheRoot } from './cache.ts';
import { buildEnvironment, makeArguments } from './kernel/environment.ts';
import type { BuiltKernel } from './kernel/index.ts';
import { isInRange } from './version-range.ts';

/** Changes with how modules are built, so that an older one is not taken. */
const recipe = 2;

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
  const kept = keptModules();
  const dir = join(kept, await keptModuleName(modulesDir, name, kernel));
  const [known] = await readdir(dir).catch(() => []);
  if (known !== undefined) return join(dir, known);
  await mkdir(kept, { recursive: true });
  return await withTemporaryFolder(async (work) => {
    const built = await buildModule(modulesDir, name, kernel, work, signal);
    // The kernel names a module by its file, so the file keeps its name inside a folder of the digest's.
    const folder = join(work, 'kept');
    await mkdir(folder);
    await rename(built, join(folder, basename(built)));
    await rename(folder, dir).catch((error: NodeJS.ErrnoException) => {
      // Another process made the same module meanwhile.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return join(dir, basename(built));
  }, kept);
};

/** The folder of the modules that are built. */
export const keptModules = (): string => join(cacheRoot(), 'modules');

/** What the module is kept as in that folder. Errors: MODULE_BUILD where there is no such module. */
export const keptModuleName = async (
  modulesDir: string,
  name: string,
  kernel: BuiltKernel,
): Promise<string> => `${name}-${(await moduleDigest(modulesDir, name, kernel.key)).slice(0, 32)}`;

/** What all modules in the folder, which may not be there, are kept as for this kernel. */
export const keptModuleNames = async (modulesDir: string, kernel: BuiltKernel): Promise<string[]> => {
  const folders = await readdir(modulesDir, { withFileTypes: true }).catch(() => []);
  const names = folders.filter((entry) => entry.isDirectory() && entry.name !== sharedHeaders);
  return await Promise.all(names.map(({ name }) => keptModuleName(modulesDir, name, kernel)));
};

/** Builds in a copy, since make writes beside the sources; returns the path of the one .ko. */
const buildModule = async (
  modulesDir: string,
  name: string,
  kernel: BuiltKernel,
  work: string,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const source = join(work, name);
  await cp(join(modulesDir, name), source, { recursive: true });
  // A project's modules may share no header at all.
  await cp(join(modulesDir, sharedHeaders), join(work, sharedHeaders), { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    },
  );
  const words = [
    '-C',
    kernel.buildTree,
    `M=${source}`,
    // 5.10's own headers warn with it: mmzone.h sets a variable that nothing reads.
    ...(isInRange(kernel.version, '>=6.1') ? ['W=1'] : []),
    // Paths in messages and in debug information are the project's, so that the same sources make the same bytes.
    `KCFLAGS=-Werror -ffile-prefix-map=${work}/=${basename(modulesDir)}/ -fdebug-prefix-map=${kernel.buildTree}=.`,
    ...makeArguments(),
    'modules',
  ];
  const result = await execa('make', words, {
    reject: false,
    all: true,
    env: buildEnvironment(),
    extendEnv: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  throwIfInterrupted(signal);
  if (result.failed)
    throw new RingcrossError(
      'MODULE_BUILD',
      `expected the module ${name} to build for ${kernel.name}, but make failed`,
      {
        log: compilerLines(result.all ?? '', work),
      },
    );
  const [built, ...others] = (await readdir(source)).filter((file) => file.endsWith('.ko'));
  if (built !== undefined && others.length === 0) return join(source, built);
  throw new RingcrossError(
    'MODULE_BUILD',
    `expected one .ko of the module ${name}, but its Kbuild makes ${built === undefined ? 'none' : others.length + 1}`,
  );
};

/** SHA-256 of all that a module is made of, for a kernel's key. Errors: MODULE_BUILD where it has no folder. */
export const moduleDigest = async (modulesDir: string, name: string, kernelKey: string): Promise<string> => {
  const digest = createHash('sha256').update(JSON.stringify([recipe, kernelKey]));
  for (const [path, bytes] of await readSources(modulesDir, name)) digest.update(`\0${path}\0`).update(bytes);
  return digest.digest('hex');
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
