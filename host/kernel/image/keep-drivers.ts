// The modules without which a guest of ours cannot begin, taken from a kernel as shipped.

import { copyFile, mkdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { RingcrossError } from '../../../vm/errors.ts';
import { buildEnvironment } from '../environment.ts';
import { runTool } from '../run-tool.ts';
import { driversFor, moduleName } from './drivers.ts';
import type { ShippedFiles } from './layout.ts';
import { packingOfSuffix, unpackFile } from './unpack.ts';

/** The devices of every board, and the file system of the root image. */
const wanted = ['virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_rng', 'erofs'];

/**
 * Copies the modules into the new `folder`, unpacked, so that nothing but insmod is needed of a guest; their names in the
 * order in which they are loaded. Errors: KERNEL_IMAGE, KERNEL_TOOLS, KERNEL_SOURCE_UNPACK.
 */
export async function keepDrivers(
  { release, modulesBase, modules }: ShippedFiles,
  folder: string,
  signal?: AbortSignal,
): Promise<string[]> {
  await indexModules(modulesBase, release, signal);
  const index = (name: string) => readFile(join(modules, name), 'utf8');
  const drivers = driversFor(wanted, {
    dependencies: await index('modules.dep'),
    softDependencies: await index('modules.softdep'),
    aliases: await index('modules.alias'),
    builtin: await index('modules.builtin'),
    builtinInfo: await index('modules.builtin.modinfo'),
  });
  if (drivers.missing.length > 0)
    throw new RingcrossError(
      'KERNEL_IMAGE',
      `expected kernel ${release} to have what every guest needs, but it lacks ${drivers.missing.join(', ')}`,
    );
  await mkdir(folder);
  const names: string[] = [];
  for (const path of drivers.modules) {
    const name = `${moduleName(path)}.ko`;
    const [, suffix] = /\.ko\.(\w+)$/.exec(path) ?? [];
    const packing = suffix === undefined ? undefined : packingOfSuffix[suffix];
    if (packing === undefined) await copyFile(join(modules, path), join(folder, name));
    else await unpackFile(packing, join(modules, path), join(folder, name), signal);
    names.push(name);
  }
  return names;
}

/** What Debian does when the package is installed. depmod(8) is no program of users, whose PATH need not lead to it. */
async function indexModules(base: string, release: string, signal: AbortSignal | undefined): Promise<void> {
  // A depmod may have been made to look below /usr/lib/modules: it finds the same there.
  const other = join(base, 'usr/lib/modules');
  await mkdir(dirname(other), { recursive: true });
  await symlink(join(base, 'lib/modules'), other).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const env = buildEnvironment();
  const path = [env.PATH, '/usr/sbin', '/sbin'].join(delimiter);
  const result = await runTool(['depmod', '--basedir', base, '--config', '/dev/null', release], {
    env: { ...env, PATH: path },
    signal,
  });
  if (!result.failed) return;
  throw new RingcrossError('KERNEL_TOOLS', `depmod failed: ${result.stderr.trim()}`, {
    log: result.stderr,
    next: 'sudo apt-get install kmod',
  });
}
