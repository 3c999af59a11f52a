import { existsSync } from 'node:fs';
import { mkdir, readlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { withTemporaryFolder } from './temporary.ts';

const module = JSON.stringify(join(import.meta.dirname, 'temporary.ts'));

test('a folder is there while it is used, and gone afterwards, also after an error', async (t) => {
  let seen = '';
  const failing = withTemporaryFolder(async (folder) => {
    seen = folder;
    await writeFile(join(folder, 'x'), '');
    throw new Error('use failed');
  });
  await t.throwsAsync(failing, { message: 'use failed' });
  t.false(existsSync(seen));
});

test('a process that exits without unwinding takes its folder along', async (t) => {
  const script = `import { withTemporaryFolder } from ${module};
    await withTemporaryFolder(async (folder) => { console.log(folder); process.exit(0); });`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script]);
  t.regex(stdout, /ringcross-\d+-\d+-/);
  t.false(existsSync(stdout));
});

test('the folder of a process that was killed is removed by the next', async (t) => {
  const { pid } = await execa(process.execPath, ['-e', 'console.log(process.pid)']).then(({ stdout }) => ({
    pid: stdout,
  }));
  const namespace = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0];
  const stale = join(tmpdir(), `ringcross-${namespace}-${pid}-stale`);
  await mkdir(stale);
  const script = `import { withTemporaryFolder } from ${module}; await withTemporaryFolder(async () => {});`;
  await execa(process.execPath, ['--input-type=module', '-e', script]);
  t.false(existsSync(stale));
});
