import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { debian } from './debian.ts';
import { downloadName } from './kept-download.ts';

test('a package unpacks to its kernel tree, without what no x86 build reads', async (t) => {
  const { folder, source, context } = await makePackage(t, [
    'Makefile',
    'Documentation/Kconfig',
    'Documentation/admin-guide/x.rst',
    'arch/x86/Makefile',
    'arch/x86/kernel/head.S',
    'arch/arm/crypto/Kconfig',
    'arch/arm/kernel/head.S',
    'fs/pipe.c',
  ]);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await source.unpack(tree, context);
  const files = (await readdir(tree, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1));
  t.deepEqual(files.sort(), [
    'Documentation/Kconfig',
    'Makefile',
    'arch/arm/crypto/Kconfig',
    'arch/x86/Makefile',
    'arch/x86/kernel/head.S',
    'fs/pipe.c',
  ]);
  t.is(await readFile(join(tree, 'fs/pipe.c'), 'utf8'), 'fs/pipe.c');
});

test('a damaged package is an error', async (t) => {
  const { folder, package: file, source, context } = await makePackage(t, ['Makefile']);
  await truncate(file, 300);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await t.throwsAsync(source.unpack(tree, context), { code: 'KERNEL_SOURCE_UNPACK' });
});

// A real .deb of the same layout as Debian's, with a few small files.
async function makePackage(t: ExecutionContext, files: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-deb-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const name = 'linux-source-1.0';
  for (const file of files) {
    const path = join(folder, name, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file);
  }
  const root = join(folder, 'root');
  await mkdir(join(root, 'usr/src'), { recursive: true });
  await mkdir(join(root, 'DEBIAN'));
  await writeFile(
    join(root, 'DEBIAN/control'),
    `Package: ${name}\nVersion: 1.0-1\nArchitecture: all\nMaintainer: none <none@example>\nDescription: x\n`,
  );
  await execa('tar', ['-cJf', join(root, `usr/src/${name}.tar.xz`), '-C', folder, name]);
  const sha256 = 'a'.repeat(64);
  const file = join(folder, downloadName({ package: name, version: '1.0-1', sha256 }));
  await execa('dpkg-deb', ['--build', root, file]);
  const source = debian.open(
    { kind: 'debian', package: name, suites: ['s'] },
    { version: '1.0-1', sha256 },
    { name: '1.0', folder },
  );
  const context = {
    sources: folder,
    stateFolder: join(folder, 'apt'),
    signal: undefined,
    onProgress: () => undefined,
  };
  return { folder, package: file, source, context };
}
