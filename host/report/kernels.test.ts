import test from 'ava';
import type { CaseResult, CellResult, Results } from '../run/results.ts';
import { configDifference } from './config-difference.ts';
import { measured, passedCell, spread } from './fixtures/measured.ts';
import { signedPercent } from './kernel-changes.ts';
import { kernelSections } from './kernels.ts';

const cell = (release: string, send: number | null, more: Partial<CellResult> = {}): CellResult =>
  passedCell({
    kernel: release.replace(/\.\d+$/, ''),
    release,
    cases: send === null ? [] : [sending(send)],
    ...more,
  });

const sending = (p50: number): CaseResult => measured({ send: spread(p50), receive: null, transit: null });

const results = (...cells: CellResult[]): Results => ({ schema: 1, run: 'r', cells });

const page = (found: Results, configs: [string, [string, string][]][] = []): string =>
  kernelSections(found, new Map(configs.map(([name, lines]) => [name, new Map(lines)]))).join('\n\n');

test('kernels stand in the order of their releases, whatever that of the run, each with the change since the one before', (t) => {
  const text = page(results(cell('6.12.117', 216), cell('5.10.262', 200), cell('7.3.4', 216)));
  t.regex(text, /^\| spec +\| lens +\| 5\.10\.262 +\| 6\.12\.117 +\| 7\.3\.4 +\|$/m);
  t.regex(text, /^\| chardev u2k write 1024 send \| +200 \| 216 \(\+8\.0 %\) \| 216 \(=\) \|$/m);
  t.regex(
    text,
    /From 5\.10\.262 to 6\.12\.117\n\nOf 1 figures 1 have grown, 0 have become smaller, 0 are the same\./,
  );
  t.regex(text, /^\| chardev u2k write 1024 send \| +200 \| +216 \| +\+16 \| \+8\.0 % \|$/m);
});

test('a kernel on which a spec did not hold is seen at once', (t) => {
  const text = page(
    results(
      cell('6.1.1', 5),
      cell('6.12.1', null, { outcome: 'load-failed' }),
      cell('7.3.4', null, { outcome: 'skipped' }),
    ),
  );
  t.regex(text, /^\| chardev \| instructions \| passed, 1 cases \| \*\*load-failed\*\* \| skipped \|$/m);
});

test('a run of one kernel has nothing to compare', (t) => {
  t.deepEqual(kernelSections(results(cell('6.12.117', 216)), new Map()), []);
});

test('figures of a lens whose ticks are not published are not compared', (t) => {
  const emulated: Partial<CellResult> = { lens: 'emulated', cases: [measured({ unit: null })] };
  const text = page(results(cell('6.1.1', 1, emulated), cell('6.12.1', 2, emulated)));
  t.notRegex(text, /Instructions at/);
});

test('what the kernels are configured with otherwise stands beside what has changed, without what cannot matter', (t) => {
  const text = page(results(cell('6.12.117', 216), cell('7.3.4', 217)), [
    [
      '6.12',
      [
        ['CONFIG_PREEMPT_NONE', 'y'],
        ['CONFIG_CC_VERSION_TEXT', '"gcc 12"'],
        ['CONFIG_HZ', '100'],
      ],
    ],
    [
      '7.3',
      [
        ['CONFIG_PREEMPT_LAZY', 'y'],
        ['CONFIG_HAVE_X', 'y'],
        ['CONFIG_HZ', '100'],
      ],
    ],
  ]);
  t.regex(
    text,
    /^Configured otherwise, of what can matter: `PREEMPT_LAZY` n to y, `PREEMPT_NONE` y to n\.$/m,
  );
});

test('values count, not only whether an option is there', (t) => {
  t.deepEqual(configDifference(new Map([['CONFIG_HZ', '100']]), new Map([['CONFIG_HZ', '250']])), [
    { symbol: 'HZ', before: '100', after: '250' },
  ]);
});

test('a change has a sign, none is told from one that rounds to nothing, and something from nothing is new', (t) => {
  t.deepEqual([0.123, -0.5, 0, 0.00001, -0.00001, Number.POSITIVE_INFINITY].map(signedPercent), [
    '+12.3 %',
    '-50.0 %',
    '=',
    '+0.0 %',
    '0.0 %',
    'new',
  ]);
});
