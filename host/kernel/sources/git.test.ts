import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  commitAll,
  contextIn,
  git as runGit,
  testFolder,
  writeFiles,
  writeKernel,
} from './fixtures/tiny-kernel.ts';
import { commitOfRef, git, isGitUrl, publicUrl, tellsCommitGone } from './git.ts';

test('a branch is resolved to its commit, tree and version, and the commit unpacked without its history', async (t) => {
  const { folder, repository, first, place, context } = await scene(t);
  await writeFiles(repository, { 'fs/pipe.c': 'int changed;\n' });
  const second = await commitAll(repository);
  const settings = { kind: 'git', url: 'linux', ref: 'main' } as const;
  const pin = await git.resolve(settings, undefined, place, context);
  t.deepEqual(pin, {
    kind: 'git',
    version: '6.12.1',
    commit: second,
    tree: await runGit(repository, 'rev-parse', 'HEAD^{tree}'),
  });
  const source = git.open(settings, pin, place);
  t.is(source.digest, pin.tree);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await source.fetch(context);
  await source.unpack(tree, context);
  t.is(await readFile(join(tree, 'fs/pipe.c'), 'utf8'), 'int changed;\n');
  t.true(existsSync(join(tree, 'Makefile')));
  t.false(existsSync(join(tree, 'arch/arm/kernel/head.S')));
  // Exactly that commit has been fetched, and what it is kept as is what the source says.
  t.deepEqual(await readdir(context.sources), [...source.kept]);
  const kept = join(context.sources, source.kept[0] ?? '');
  await t.throwsAsync(runGit(kept, 'cat-file', '-e', first));
});

test('tags, annotated tags and full hashes are refs, and what is none is told with those there are', async (t) => {
  const { repository, first, place, context } = await scene(t);
  await runGit(repository, 'tag', '-a', 'v1', '-m', 'x');
  await writeFiles(repository, { more: 'x' });
  await commitAll(repository);
  for (const ref of ['v1', first])
    t.is((await git.resolve({ kind: 'git', url: 'linux', ref }, undefined, place, context)).commit, first);
  await t.throwsAsync(git.resolve({ kind: 'git', url: 'linux', ref: 'v2' }, undefined, place, context), {
    code: 'KERNEL_SOURCE_GONE',
    message: /"v2" to be a branch, a tag or a full commit hash of .*linux, which has main, v1/,
  });
});

test('a pinned commit that is gone is told, with what to type', async (t) => {
  const { place, context } = await scene(t);
  const pin = { kind: 'git', version: '6.12.1', commit: 'ab'.repeat(20), tree: 'cd'.repeat(20) } as const;
  const error = await t.throwsAsync(
    git.open({ kind: 'git', url: 'linux', ref: 'main' }, pin, place).fetch(context),
    { code: 'KERNEL_SOURCE_GONE', message: /linux no longer has commit abab/ },
  );
  t.like(error, { next: 'npx ringcross kernel update tip' });
});

test('a commit with another tree than the pinned one is refused', async (t) => {
  const { first, place, context } = await scene(t);
  const pin = { kind: 'git', version: '6.12.1', commit: first, tree: 'cd'.repeat(20) } as const;
  await t.throwsAsync(git.open({ kind: 'git', url: 'linux', ref: 'main' }, pin, place).fetch(context), {
    code: 'KERNEL_SOURCE_DIGEST',
    message: /expected tree cdcd/,
  });
});

test('what is no repository, and what is no kernel, is told', async (t) => {
  const { folder, place, context } = await scene(t);
  await t.throwsAsync(git.resolve({ kind: 'git', url: 'nowhere', ref: 'main' }, undefined, place, context), {
    code: 'KERNEL_SOURCE_FETCH',
    message: /expected a git repository at .*nowhere, but: fatal: /,
  });
  await writeFiles(join(folder, 'other'), { Makefile: 'all:\n' });
  await commitAll(join(folder, 'other'));
  await t.throwsAsync(git.resolve({ kind: 'git', url: 'other', ref: 'main' }, undefined, place, context), {
    code: 'KERNEL_SOURCE_TREE',
    message: /its top Makefile states no version/,
  });
});

test('an abort ends the work', async (t) => {
  const { folder, place } = await scene(t);
  const context = contextIn(folder, AbortSignal.abort());
  await t.throwsAsync(git.resolve({ kind: 'git', url: 'linux', ref: 'main' }, undefined, place, context), {
    code: 'INTERRUPTED',
  });
});

test("names by git's own order", (t) => {
  const listed = 'aa\tHEAD\nbb\trefs/heads/x\ncc\trefs/tags/x\ndd\trefs/tags/x^{}\nee\trefs/heads/sub/y\n';
  t.is(commitOfRef(listed, 'x'), 'dd');
  t.is(commitOfRef(listed, 'refs/heads/x'), 'bb');
  t.is(commitOfRef(listed, 'HEAD'), 'aa');
  t.is(commitOfRef(listed, 'y'), undefined);
});

for (const [url, isUrl] of [
  ['https://example.org/linux.git', true],
  ['git@example.org:linux.git', true],
  ['/srv/linux', false],
  ['../linux', false],
  ['./a:b', false],
] as const)
  test(`a URL or a path: ${url}`, (t) => t.is(isGitUrl(url), isUrl));

test('results name no password', (t) => {
  t.is(publicUrl('https://me:secret@example.org/a.git'), 'https://example.org/a.git');
  t.is(publicUrl('https://example.org/@a'), 'https://example.org/@a');
});

test('what servers say of a commit that they do not have', (t) => {
  t.true(tellsCommitGone('fatal: remote error: upload-pack: not our ref abab'));
  t.true(tellsCommitGone('error: Server does not allow request for unadvertised object abab'));
  t.false(tellsCommitGone('fatal: unable to access: Could not resolve host'));
});

for (const bad of ['--upload-pack=x', '', 'a b'])
  test(`a word that would be an option is refused: ${JSON.stringify(bad)}`, (t) =>
    t.false(git.settings.safeParse({ kind: 'git', url: 'https://example.org', ref: bad }).success));

async function scene(t: ExecutionContext) {
  const folder = await testFolder(t);
  const repository = join(folder, 'linux');
  await writeKernel(repository);
  const first = await commitAll(repository);
  return { folder, repository, first, place: { name: 'tip', folder }, context: contextIn(folder) };
}
