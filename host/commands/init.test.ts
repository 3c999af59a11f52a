import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { ownRoot } from '../project.ts';
import { initProject, nextSteps } from './init.ts';

const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('a project of that name is written, and nothing in it has the template’s', async (t) => {
  const folder = join(await temporaryFolder(t), 'new');
  const written = await initProject(folder, 'fifo2');
  t.deepEqual(await filesBelow(folder), [...written].sort());
  t.deepEqual([...written].sort(), [
    '.github/workflows/kernels.yml',
    '.gitignore',
    'README.md',
    'kmod/fifo2/Kbuild',
    'kmod/fifo2/fifo2.c',
    'package.json',
    'ringcross.config.ts',
    'specs/fifo2.spec.ts',
    'tsconfig.json',
  ]);
  for (const path of written) t.notRegex(await readFile(join(folder, path), 'utf8'), /postbox/i, path);
});

test('where a file is there already, all such are named and nothing is written', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'specs'));
  for (const path of ['specs/fifo2.spec.ts', 'README.md', 'package.json'])
    await writeFile(join(folder, path), '{}');
  const before = await filesBelow(folder);
  await t.throwsAsync(initProject(folder, 'fifo2'), {
    code: 'INIT_EXISTS',
    message: /nothing was written: README\.md, specs\/fifo2\.spec\.ts$/,
  });
  t.deepEqual(await filesBelow(folder), before);
  t.is(await readFile(join(folder, 'package.json'), 'utf8'), '{}');
});

test('what cannot be completed is found before anything is written', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
  await t.throwsAsync(initProject(folder, 'fifo2'), { code: 'USAGE' });
  t.deepEqual(await filesBelow(folder), ['package.json']);
});

test('the template asks for this ringcross, and for the compiler and types that this repository has', async (t) => {
  const read = async (path: string) =>
    JSON.parse(await readFile(join(ownRoot, path), 'utf8')) as {
      version: string;
      devDependencies: Record<string, string>;
    };
  const own = await read('package.json');
  t.deepEqual((await read('templates/project/package.json')).devDependencies, {
    '@types/node': own.devDependencies['@types/node'],
    ringcross: own.version,
    typescript: own.devDependencies.typescript,
  });
});

test('what to type next leads to the project’s folder', (t) => {
  t.is(nextSteps('/a', '/a'), 'next: npm install && npx ringcross run');
  t.is(nextSteps('/a/b', '/a'), 'next: cd b && npm install && npx ringcross run');
});
