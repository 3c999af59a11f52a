// What stays of a build: some 90 MB of 1.7 GB.

import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

// make turns `$$` into the shell's `$`: the folder comes as a variable, and needs no quoting of ours.
const keepScript = 'scripts/package/install-extmod-build "$$EXTMOD_FOLDER"';

// The kernel's own script picks what external modules need. It stands in the tree since Linux 6.2 and writes
// relative paths only, so that the result can be moved.
async function keepBuildTree(tree: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  await mkdir(folder);
  const result = await runTool(
    ['make', ...makeArguments(), 'run-command', `KBUILD_RUN_COMMAND=${keepScript}`],
    { cwd: tree, env: { ...buildEnvironment(), EXTMOD_FOLDER: folder }, signal },
  );
  if (!result.failed) return;
  throw new RingcrossError(
    'KERNEL_COMPILE',
    `scripts/package/install-extmod-build failed:\n${result.stderr.trim()}`,
    { log: result.stderr },
  );
}
