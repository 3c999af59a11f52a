import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { growthsOver, mergeBaseline, parsePercent, readBaseline, writeBaseline } from './baseline.ts';
import { measured, passedCell, spread } from './report/fixtures/measured.ts';
import type { CaseResult, CellResult, Results } from './run/results.ts';

const cell = (kernel: string, cases: CaseResult[], more: Partial<CellResult> = {}): CellResult =>
  passedCell({ kernel, release: `${kernel}.1`, cases, ...more });

const results = (...cells: CellResult[]): Results => ({ schema: 1, run: 'r', cells });

const sending = (p50: number, more: Partial<CaseResult> = {}): CaseResult =>
  measured({ send: spread(p50), receive: null, transit: null, ...more });

const name = 'chardev u2k write 1024 send';

test('a figure that grew by more than is allowed is told with both values, the worst first', (t) => {
  const baseline = mergeBaseline(null, results(cell('6.12', [sending(1000), sending(100, { bytes: 16 })])));
  const now = results(cell('6.12', [sending(1021), sending(110, { bytes: 16 })]));
  const [found] = growthsOver(0.02, baseline, now);
  t.deepEqual(
    found?.over.map(({ before, after }) => [before, after]),
    [
      [100, 110],
      [1000, 1021],
    ],
  );
  t.deepEqual(growthsOver(0.1, baseline, now)[0]?.over, [], 'ten per cent of 100 is 110');
  t.is(growthsOver(0.05, baseline, now)[0]?.over.length, 1);
});

test('what became shorter or stayed is no growth, and what the baseline lacks is told', (t) => {
  const baseline = mergeBaseline(null, results(cell('6.12', [sending(1000)])));
  const now = results(cell('6.12', [sending(900), sending(1, { variant: 'new' })]));
  const [found] = growthsOver(0, baseline, now);
  t.deepEqual(found?.over, []);
  t.deepEqual(found?.unknown, ['chardev u2k new 1024 send']);
});

test('a kernel that the baseline lacks does not pass for one that did not grow', (t) => {
  const baseline = mergeBaseline(null, results(cell('6.12', [sending(1000)])));
  t.throws(() => growthsOver(0, baseline, results(cell('7.3', [sending(1)]))), {
    code: 'BASELINE',
    message: /expected figures of kernel 7\.3 in the baseline, but it has 6\.12/,
  });
});

test('a run of one spec leaves the figures of others as they were', (t) => {
  const first = mergeBaseline(null, results(cell('6.12', [sending(1000), sending(5, { variant: 'a' })])));
  const second = mergeBaseline(first, results(cell('6.12', [sending(900)])));
  t.deepEqual(second.kernels['6.12']?.figures, { 'chardev u2k a 1024 send': 5, [name]: 900 });
});

test('ticks of another lens are no baseline', (t) => {
  const other = results(cell('6.12', [sending(1, { unit: null })], { lens: 'emulated' }));
  t.throws(() => mergeBaseline(null, other), { code: 'BASELINE', message: /no?ne/ });
});

test('it is written one figure a line and read again; what is none is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-baseline-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'b.json');
  const baseline = mergeBaseline(null, results(cell('6.12', [sending(1000)])));
  await writeBaseline(path, baseline);
  t.regex(await readFile(path, 'utf8'), /^ {8}"chardev u2k write 1024 send": 1000$/m);
  t.deepEqual(await readBaseline(path), baseline);
  await writeFile(path, '{"schema":2}');
  await t.throwsAsync(readBaseline(path), { code: 'BASELINE', message: /schema/ });
  await writeFile(path, '{');
  await t.throwsAsync(readBaseline(path), { code: 'BASELINE', message: /JSON/ });
  await t.throwsAsync(readBaseline(join(folder, 'none')), { code: 'BASELINE', message: /ENOENT/ });
});

test('a percentage has a sign of its own', (t) => {
  t.is(parsePercent('2%'), 0.02);
  t.is(parsePercent('0.5 %'), 0.005);
  for (const none of ['2', '%', '-1%', 'two%', '']) t.is(parsePercent(none), null);
});
