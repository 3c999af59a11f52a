// What stays of a build: some 90 MB of 1.7 GB.

import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { fileSha256 } from '../../vm/file-digest.ts';
import { readBuildId } from './build-id.ts';
import { buildEnvironment, makeArguments } from './environment.ts';
import { runTool } from './run-tool.ts';

/** Names inside a kept kernel's folder. */
export const kept = {
  vmlinux: 'vmlinux',
  systemMap: 'System.map',
  config: 'config',
  buildTree: 'build',
  log: 'build.log',
  manifest: 'kernel.json',
} as const;

/** What only the finished build can tell. */
export interface BuildFacts {
  release: string;
  buildId: string;
  imageSha256: string;
  imageBytes: number;
}

/** Copies image, symbols, config and the build tree for modules from the built `tree` into the empty `folder`. */
export async function keepBuild(tree: string, folder: string, signal?: AbortSignal): Promise<BuildFacts> {
  const vmlinux = join(folder, kept.vmlinux);
  await copyFile(join(tree, 'vmlinux'), vmlinux);
  await copyFile(join(tree, 'System.map'), join(folder, kept.systemMap));
  await copyFile(join(tree, '.config'), join(folder, kept.config));
  await keepBuildTree(tree, join(folder, kept.buildTree), signal);
  const release = await readFile(join(tree, 'include/config/kernel.release'), 'utf8');
  const buildId = await readBuildId(vmlinux);
  if (buildId === undefined) {
    throw new RingcrossError(
      'KERNEL_COMPILE',
      'expected a GNU build id in the notes of vmlinux, found none; does ld know --build-id?',
    );
  }
  return {
    release: release.trim(),
    buildId,
    imageSha256: await fileSha256(vmlinux, signal),
    imageBytes: (await stat(vmlinux)).size,
  };
}

/** The kernel's own script, which picks what external modules need. It stands in the tree since Linux 6.2. */
const kernelScript = 'scripts/package/install-extmod-build';

// make turns `$$` into the shell's `$`: the folder comes as a variable, and needs no quoting of ours.
const keepCommand = ['run-command', `KBUILD_RUN_COMMAND=${kernelScript} "$$EXTMOD_FOLDER"`];

// Before, the list stood in the middle of scripts/package/builddeb, which makes a package of it. What a build of modules
// reads: makefiles, headers, the programs in scripts/ with the linker scripts, the symbols' versions, objtool.
const olderScript = `set -euo pipefail
{
  find . arch/x86 -maxdepth 1 -name 'Makefile*'
  find arch/x86 -name module.lds
  find include scripts arch/x86/include '(' -type f -o -type l ')' ! -name '*.o' ! -name '.*.cmd'
  find tools/objtool -type f -name objtool
  echo Module.symvers
  echo .config
} | sort --unique | tar --create --files-from=- | tar --extract --directory="$EXTMOD_FOLDER"`;

async function keepBuildTree(tree: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  await mkdir(folder);
  const command = (await canAccess(join(tree, kernelScript)))
    ? (['make', ...makeArguments(), ...keepCommand] as const)
    : (['bash', '-c', olderScript] as const);
  const result = await runTool(command, {
    cwd: tree,
    env: { ...buildEnvironment(), EXTMOD_FOLDER: folder },
    signal,
  });
  if (!result.failed) return;
  throw new RingcrossError(
    'KERNEL_COMPILE',
    `cannot keep what modules are built with:\n${result.stderr.trim()}`,
    {
      log: result.stderr,
    },
  );
}
