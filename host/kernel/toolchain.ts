// The host's compiler, and what else a kernel build runs.

import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { buildEnvironment } from './environment.ts';
import { runTool } from './run-tool.ts';

/** What of the toolchain can change the image, and so is part of the cache key. */
export interface Toolchain {
  /** First line of `gcc --version`. */
  compiler: string;
  /** First line of `ld --version`. */
  linker: string;
}

/** The toolchain, or `undefined` when the host lacks it. */
export async function readToolchain(): Promise<Toolchain | undefined> {
  const [compiler, linker] = await Promise.all(['gcc', 'ld'].map(versionLine));
  return compiler && linker ? { compiler, linker } : undefined;
}

async function versionLine(program: string): Promise<string | undefined> {
  const result = await runTool([program, '--version'], { env: buildEnvironment() });
  return result.failed ? undefined : result.stdout.split('\n')[0];
}

// What make vmlinux runs that a Debian-like system may lack, and the package that has it.
const programs: Readonly<Record<string, string>> = {
  gcc: 'gcc',
  ld: 'binutils',
  make: 'make',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  awk: 'mawk',
  bash: 'bash',
  cmp: 'diffutils',
  find: 'findutils',
  tar: 'tar',
  xz: 'xz-utils',
  flock: 'util-linux',
  setpriv: 'util-linux',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
};

// Headers that the kernel's own host programs include.
const headers: Readonly<Record<string, string>> = {
  'stdio.h': 'libc6-dev',
  // objtool reads and writes object files with libelf.
  'gelf.h': 'libelf-dev',
};

/**
 * @param ofSource What the source's kind runs besides.
 * @throws RingcrossError `KERNEL_TOOLS` that names everything that is missing and the packages that have it.
 */
export async function requireTools(ofSource: readonly string[]): Promise<void> {
  const wanted = [...new Set([...Object.keys(programs), ...ofSource])];
  const missing = await missingPrograms(wanted, process.env.PATH ?? '');
  if (!missing.includes('gcc')) missing.push(...(await missingHeaders()));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => programs[name] ?? headers[name] ?? name))];
  throw new RingcrossError(
    'KERNEL_TOOLS',
    `building a kernel needs programs and headers that this host lacks: ${missing.join(', ')}`,
    { next: `sudo apt-get install ${packages.join(' ')}` },
  );
}

/** Those of `names` that are no executable file in a folder of `path`. */
export async function missingPrograms(names: readonly string[], path: string): Promise<string[]> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(
    names.map(async (name) => {
      const tries = folders.map((folder) => access(join(folder, name), constants.X_OK));
      return Promise.any(tries).then(
        () => true,
        () => false,
      );
    }),
  );
  return names.filter((_, index) => !found[index]);
}

// The preprocessor knows where the compiler looks; a list of folders of ours would not.
async function missingHeaders(): Promise<string[]> {
  const names = Object.keys(headers);
  const checks = await Promise.all(
    names.map((name) =>
      runTool(['gcc', '-E', '-include', name, '-x', 'c', '/dev/null', '-o', '/dev/null'], {
        env: buildEnvironment(),
      }),
    ),
  );
  return names.filter((_, index) => checks[index]?.failed);
}
