import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ensureInitramfs } from './initramfs.ts';
import { withTemporaryFolder } from './temporary.ts';

test('a first root has the init, busybox and the drivers, whose names tell their order; the same is made once', (t) =>
  withTemporaryFolder(async (folder) => {
    const file = async (name: string) => {
      await writeFile(join(folder, name), name);
      return join(folder, name);
    };
    const init = await file('early');
    const drivers = [await file('ring.ko'), await file('bus.ko')];
    const path = await ensureInitramfs(folder, { init, drivers });
    t.is(await ensureInitramfs(folder, { init, drivers }), path);
    t.not(await ensureInitramfs(folder, { init, drivers: drivers.toReversed() }), path);
    const { stdout } = await execa('busybox', ['cpio', '-t', '-F', path]);
    const names = stdout.split('\n');
    for (const name of ['init', 'bin/busybox', 'drivers/00-ring.ko', 'drivers/01-bus.ko', 'dev', 'root'])
      t.true(names.includes(name), name);
    t.true(names.indexOf('drivers') < names.indexOf('drivers/00-ring.ko'));
    t.true((await readFile(path)).includes('early'));
  }));

test('a file that is not there is told', (t) =>
  withTemporaryFolder(async (folder) => {
    const sources = { init: '/nonexistent/init', drivers: [] };
    await t.throwsAsync(ensureInitramfs(folder, sources), {
      code: 'ROOT_IMAGE',
      message: /\/nonexistent\/init/,
    });
  }));
