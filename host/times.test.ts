import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../test/temporary.ts';
import { madeUpCell } from './run/fixtures/made-up-run.ts';
import { estimate, readTimes, recordTimes, timesName, withMeasured } from './times.ts';

const pipe = { id: '6.12-emulated-pipe', lens: 'emulated', spec: { name: 'pipe' } } as const;

test('a cell takes what it took', (t) => {
  t.deepEqual(estimate(pipe, new Map([['6.12-emulated-pipe', 700]])), { ms: 700, isRecorded: true });
});

test('one that was never measured takes what its spec takes on other kernels in that lens', (t) => {
  const times = new Map([
    ['5.10-emulated-pipe', 300],
    ['6.1-emulated-pipe', 500],
    ['7.3-emulated-pipe', 900],
    ['6.1-instructions-pipe', 7000],
    ['6.1-emulated-relay', 1],
  ]);
  t.deepEqual(estimate(pipe, times), { ms: 500, isRecorded: false });
});

test('one whose spec is new takes what specs take in that lens, and something where nothing is known', (t) => {
  const times = new Map([
    ['6.12-emulated-relay', 100],
    ['6.12-emulated-vdso', 200],
    ['6.12-instructions-vdso', 9000],
  ]);
  t.deepEqual(estimate(pipe, times), { ms: 100, isRecorded: false });
  t.true(estimate(pipe, new Map()).ms > 0);
});

test('a project without the file has no times, and a damaged file says what to do', async (t) => {
  const root = await temporaryFolder(t);
  t.is((await readTimes(root)).size, 0);
  for (const wrong of ['{', '{"schema":1,"cells":{"a":-1}}', '{"schema":2,"cells":{}}']) {
    await writeFile(join(root, timesName), wrong);
    await t.throwsAsync(readTimes(root), { code: 'USAGE', message: /expected times of cells in/ }, wrong);
  }
});

test('a run’s times replace its own cells and no others, sorted and rounded', async (t) => {
  const root = await temporaryFolder(t);
  await writeFile(join(root, timesName), '{"schema":1,"cells":{"z-emulated-a":5,"6.12-emulated-a":1}}');
  await recordTimes(root, [
    madeUpCell({ spec: 'b', ms: 1249 }),
    madeUpCell({ spec: 'a', ms: 1251, outcome: 'failed' }),
  ]);
  t.is(
    await readFile(join(root, timesName), 'utf8'),
    `${JSON.stringify({ schema: 1, cells: { '6.12-emulated-a': 1300, '6.12-emulated-b': 1200, 'z-emulated-a': 5 } }, null, 2)}\n`,
  );
});

test('a cell that hung or never booted is not what the next one will take', (t) => {
  t.is(
    withMeasured(new Map(), [madeUpCell({ outcome: 'hung' }), madeUpCell({ outcome: 'boot-failed' })]).size,
    0,
  );
});
