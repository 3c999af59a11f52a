import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { withTemporaryFolder } from '../../../vm/temporary.ts';
import { findShippedFiles } from './layout.ts';

const release = '6.1.0-56-cloud-amd64';
const files = [
  ...['vmlinuz', 'System.map', 'config'].map((name) => `boot/${name}-${release}`),
  `usr/src/linux-headers-${release}/Makefile`,
];

const withFiles = (paths: readonly string[], use: (root: string) => Promise<void>) =>
  withTemporaryFolder(async (root) => {
    for (const path of paths) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
    await use(root);
  });

for (const base of ['', 'usr'])
  test(`the files of a kernel whose modules are in /${join(base, 'lib/modules')}`, (t) =>
    withFiles([...files, join(base, 'lib/modules', release, 'modules.order')], async (root) => {
      t.deepEqual(await findShippedFiles(root), {
        release,
        image: join(root, `boot/vmlinuz-${release}`),
        systemMap: join(root, `boot/System.map-${release}`),
        config: join(root, `boot/config-${release}`),
        modulesBase: join(root, base),
        modules: join(root, base, 'lib/modules', release),
        headers: join(root, `usr/src/linux-headers-${release}`),
      });
    }));

test('packages of no kernel, of two, or without a part are refused by name', (t) =>
  withFiles([...files, `lib/modules/${release}/modules.order`], async (root) => {
    const refused = (message: RegExp) =>
      t.throwsAsync(findShippedFiles(root), { code: 'KERNEL_IMAGE', message });
    await rm(join(root, 'usr/src'), { recursive: true });
    await refused(/hold its headers, but usr\/src\/linux-headers-6\.1\.0-56-cloud-amd64 is not there/);
    await writeFile(join(root, 'boot/vmlinuz-6.1.0-57-amd64'), '');
    await refused(/there are 6\.1\.0-56-cloud-amd64 and 6\.1\.0-57-amd64/);
    await rm(join(root, 'boot'), { recursive: true });
    await refused(/there is none/);
  }));
