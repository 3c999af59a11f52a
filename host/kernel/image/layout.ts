// Where Debian's packages of a kernel put what, once they are unpacked into one folder.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canAccess } from '../../../vm/can-access.ts';
import { RingcrossError } from '../../../vm/errors.ts';

/** Paths of the files of one kernel. */
export interface ShippedFiles {
  /** What `uname -r` prints: `6.1.0-56-cloud-amd64`. */
  release: string;
  /** The kernel as firmware loads it, a bzImage. */
  image: string;
  systemMap: string;
  config: string;
  /** The folder in which `lib/modules` is, which is what depmod(8) calls the base. */
  modulesBase: string;
  modules: string;
  /** What modules are built against. */
  headers: string;
}

/** Finds the one kernel below `root`. Errors: KERNEL_IMAGE. */
export async function findShippedFiles(root: string): Promise<ShippedFiles> {
  const boot = await readdir(join(root, 'boot')).catch(() => []);
  const releases = boot.flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? []);
  const [release] = releases;
  if (release === undefined || releases.length > 1)
    throw new RingcrossError(
      'KERNEL_IMAGE',
      `expected one boot/vmlinuz-RELEASE in the packages, but there ${release === undefined ? 'is none' : `are ${releases.join(' and ')}`}`,
    );
  // Since Debian has /lib as a link to /usr/lib, modules are shipped in the latter.
  const modulesBase = (await canAccess(join(root, 'usr/lib/modules'))) ? join(root, 'usr') : root;
  const files = {
    image: join(root, `boot/vmlinuz-${release}`),
    systemMap: join(root, `boot/System.map-${release}`),
    config: join(root, `boot/config-${release}`),
    modules: join(modulesBase, 'lib/modules', release),
    headers: join(root, `usr/src/linux-headers-${release}`),
  };
  for (const [what, path] of Object.entries(files))
    if (!(await canAccess(path)))
      throw new RingcrossError(
        'KERNEL_IMAGE',
        `expected the packages of kernel ${release} to hold its ${what}, but ${path.slice(root.length + 1)} is not there`,
      );
  return { release, modulesBase, ...files };
}
