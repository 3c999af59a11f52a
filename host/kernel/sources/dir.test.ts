import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { dir } from './dir.ts';
import { commitAll, contextIn, git, testFolder, writeFiles, writeKernel } from './fixtures/tiny-kernel.ts';
import { readWorkingTree } from './working-tree.ts';

// Serial: they share the environment, which names the cache.

test.serial('an edit is another digest, a touch is not, and what is ignored does not count', async (t) => {
  for (const isRepository of [true, false]) {
    const { tree, digest } = await scene(t, isRepository);
    const first = await digest();
    await utimes(join(tree, 'fs/pipe.c'), new Date(), new Date());
    await writeFiles(tree, { 'fs/pipe.o': 'built', vmlinux: 'built' });
    t.is(await digest(), first);
    await writeFiles(tree, { 'fs/pipe.c': 'int edit;\n' });
    const edited = await digest();
    t.not(edited, first);
    await writeFiles(tree, { 'fs/new.c': 'int fresh;\n' });
    t.not(await digest(), edited);
    await rm(join(tree, 'fs/new.c'));
    t.is(await digest(), edited);
    await writeFiles(tree, { 'fs/pipe.c': 'int pipe;\n' });
    t.is(await digest(), first);
  }
});

test.serial('an edit of the same length, within the second of the last look, counts', async (t) => {
  const { tree, digest } = await scene(t, true);
  const times = await stat(join(tree, 'fs/pipe.c'));
  const first = await digest();
  await writeFile(join(tree, 'fs/pipe.c'), 'int epip;\n');
  await utimes(join(tree, 'fs/pipe.c'), times.atime, times.mtime);
  t.not(await digest(), first);
});

test.serial('a committed tree has the digest of its commit, and its repository is not touched', async (t) => {
  const { tree, digest } = await scene(t, true);
  t.is(await digest(), await git(tree, 'rev-parse', 'HEAD^{tree}'));
  // A file that is tracked although it is ignored is a part of it, staged or not.
  await writeFiles(tree, { 'fs/blob.o': 'shipped' });
  await git(tree, 'add', '--force', 'fs/blob.o');
  const staged = await git(tree, 'write-tree');
  const index = await readFile(join(tree, '.git/index'));
  t.not(await digest(), await git(tree, 'rev-parse', 'HEAD^{tree}'));
  t.is(await digest(), staged);
  await writeFiles(tree, { 'fs/blob.o': 'edited' });
  t.not(await digest(), staged);
  t.deepEqual(await readFile(join(tree, '.git/index')), index);
  // What stops being tracked, and is ignored, stops to count.
  await git(tree, 'rm', '--cached', '--force', '--quiet', 'fs/blob.o');
  t.is(await digest(), await git(tree, 'rev-parse', 'HEAD^{tree}'));
});

test.serial('a kernel below a repository is that folder, also where the repository ignores it', async (t) => {
  const { folder, tree, digest } = await scene(t, false);
  const alone = await digest();
  await writeFiles(folder, { '.gitignore': 'cache\n', 'other.c': 'x' });
  await commitAll(folder);
  t.is(await digest(), alone);
  await writeFiles(folder, { '.gitignore': 'cache\nlinux\n', 'other.c': 'y' });
  await git(folder, 'rm', '--cached', '-r', '--quiet', 'linux');
  t.is(await digest(), alone);
  t.true(existsSync(join(tree, 'Makefile')));
});

test.serial(
  "a tree whose .gitignore ignores everything, as Debian's, is all but what a build makes",
  async (t) => {
    const { tree, digest, context } = await scene(t, false);
    await writeFiles(tree, { '.gitignore': '*.o\n/*\n', README: 'x' });
    const first = await digest();
    await writeFiles(tree, {
      '.config': 'x',
      vmlinux: 'x',
      'modules.order': 'x',
      'fs/pipe.o': 'x',
      'main.o': 'x',
    });
    t.is(await digest(), first);
    t.deepEqual((await readWorkingTree(tree, context.sources, undefined)).files, [
      '.gitignore',
      'Makefile',
      'README',
      'arch/arm/kernel/head.S',
      'fs/pipe.c',
    ]);
    await writeFiles(tree, { README: 'y' });
    t.not(await digest(), first);
  },
);

test.serial('the copy is what the digest covers, with links and modes, and nothing else', async (t) => {
  const { folder, tree, place, context } = await scene(t, true);
  await symlink('pipe.c', join(tree, 'fs/link.c'));
  await writeFiles(tree, { 'fs/pipe.o': 'built', "a name\nwith 'all'": 'x' });
  await rm(join(tree, 'arch'), { recursive: true });
  const source = await dir.open({ kind: 'dir', path: 'linux' }, { kind: 'dir' }, place);
  t.like(source, { version: '6.12.1', facts: { kind: 'dir', path: 'linux', tree: source.digest } });
  const copy = join(folder, 'copy');
  await mkdir(copy);
  await source.fetch(context);
  await source.unpack(copy, context);
  const there = (name: string) => existsSync(join(copy, name));
  t.deepEqual(
    ['Makefile', 'fs/pipe.c', 'fs/link.c', "a name\nwith 'all'", 'fs/pipe.o', 'arch', '.git'].map(there),
    [true, true, true, true, false, false, false],
  );
  // Digested on its own, the copy is the same tree.
  t.is((await readWorkingTree(copy, context.sources, undefined)).digest, source.digest);
});

test.serial('a tree that changes before it is copied is told', async (t) => {
  const { folder, tree, place, context } = await scene(t, true);
  const source = await dir.open({ kind: 'dir', path: 'linux' }, { kind: 'dir' }, place);
  await writeFiles(tree, { 'fs/pipe.c': 'int later;\n' });
  const copy = join(folder, 'copy');
  await mkdir(copy);
  await t.throwsAsync(source.unpack(copy, context), {
    code: 'KERNEL_SOURCE_TREE',
    message: new RegExp(`changed while it was being copied:\\n {2}expected tree ${source.digest}`),
  });
});

test.serial('what is no kernel is told', async (t) => {
  const { folder, place } = await scene(t, false);
  await writeFiles(folder, { 'other/Makefile': 'all:\n' });
  for (const [path, message] of [
    ['nowhere', /source of kernel mine, to be a kernel's tree, but it has no Makefile/],
    ['other', /its Makefile states no version/],
  ] as const)
    await t.throwsAsync(dir.open({ kind: 'dir', path }, { kind: 'dir' }, place), {
      code: 'KERNEL_SOURCE_TREE',
      message,
    });
});

async function scene(t: ExecutionContext, isRepository: boolean) {
  const folder = await testFolder(t);
  process.env.XDG_CACHE_HOME = join(folder, 'home');
  const tree = join(folder, 'linux');
  await writeKernel(tree);
  if (isRepository) await commitAll(tree);
  const context = contextIn(folder);
  const digest = async () => (await readWorkingTree(tree, context.sources, undefined)).digest;
  return { folder, tree, place: { name: 'mine', folder }, context, digest };
}
