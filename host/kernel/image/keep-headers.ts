// The headers of a kernel as shipped, moved to where they can stay: modules are then built with them as on the system that they
// were made for, but nothing is installed.

import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { hostCompiler, relativeMakefile } from './header-files.ts';
import type { ShippedFiles } from './layout.ts';

/**
 * Moves what modules are built with from the unpacked packages below `root` into the new `folder`, and makes the link `link`
 * to what `make -C` is told. The links stay good when all of it is moved together.
 */
export async function keepHeaders(
  root: string,
  { headers }: Pick<ShippedFiles, 'headers'>,
  folder: string,
  link: string,
): Promise<void> {
  const libraries = (await readdir(join(root, 'usr/lib'))).filter((name) => name.startsWith('linux-kbuild-'));
  for (const part of ['usr/src', ...libraries.map((name) => `usr/lib/${name}`)]) {
    await mkdir(dirname(join(folder, part)), { recursive: true });
    await rename(join(root, part), join(folder, part));
  }
  const target = join(folder, relative(root, headers));
  await rewrite(join(target, 'Makefile'), relativeMakefile);
  await rewrite(join(target, '.kernelvariables'), hostCompiler);
  await symlink(relative(dirname(link), target), link);
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}
