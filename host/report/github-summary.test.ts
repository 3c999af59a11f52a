import { join } from 'node:path';
import test from 'ava';
import type { CellResult, Results } from '../run/results.ts';
import { githubSummary } from './github-summary.ts';
import { readRun } from './write.ts';

const { results, manifest } = await readRun(join(import.meta.dirname, 'fixtures/mixed-run'));

/** Rows of the table under a heading, the header first, cells trimmed. */
const tableUnder = (page: string, heading: string): string[][] => {
  const [, after = ''] = page.split(`### ${heading}\n\n`);
  return (after.split('\n\n')[0] ?? '')
    .trim()
    .split('\n')
    .filter((_, index) => index !== 1)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

const headings = (page: string): string[] => [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);

const cellsOf = (...specs: string[]): Results => ({
  ...results,
  cells: results.cells.filter(({ spec }) => specs.includes(spec)),
});

test('first what came out, then what did not pass, then the table', (t) => {
  const page = githubSummary(results, manifest);
  t.deepEqual(headings(page), [
    'ringcross: 6 of 8 cells did not pass',
    'What did not pass',
    '6.12 emulated agent-crashes: crashed',
    '6.12 emulated fails: failed',
    '6.12 emulated kernel-panics: panicked',
    '6.12 emulated module-is-refused: load-failed',
    '6.12 emulated never-ends: hung',
    '6.12 emulated no-boot: boot-failed',
    'Kernels and specs, lens emulated',
  ]);
  t.regex(page, /^Tests: 4 passed, 3 failed, 2 crashed, 1 hung, 4 skipped\.$/m);
});

test('each failure has its reason, its position, its log and the command that repeats it', (t) => {
  const page = githubSummary(cellsOf('fails', 'kernel-panics'), manifest);
  t.regex(page, /^`3 of 4 tests failed`$/m);
  t.regex(page, /^- `a test that fails below the spec`: failed at `specs\/fails\.spec\.ts:13`$/m);
  t.regex(page, /^cause: AssertionError/m);
  t.regex(
    page,
    /<details><summary>log<\/summary>\n\n```text\n\[ +8\.456302\] Kernel panic[^`]*sysrq_handle_crash/,
  );
  t.regex(page, /^Again: `npx ringcross run --kernel 6\.12 --lens emulated --spec kernel-panics`$/m);
});

test('the table has specs down and kernels across, and is empty where there was no cell', (t) => {
  const other: CellResult[] = cellsOf('passes').cells.map((cell) => ({ ...cell, kernel: '6.1' }));
  const both = { ...results, cells: [...other, ...cellsOf('passes', 'fails').cells] };
  t.deepEqual(tableUnder(githubSummary(both, manifest), 'Kernels and specs, lens emulated'), [
    ['spec', '6.1', '6.12'],
    ['passes', 'passed', 'passed'],
    ['fails', '', '**failed**'],
  ]);
});

test('lenses have tables of their own', (t) => {
  const timed: CellResult[] = cellsOf('passes').cells.map((cell) => ({ ...cell, lens: 'cycles' }));
  const page = githubSummary({ ...results, cells: [...cellsOf('passes').cells, ...timed] }, manifest);
  t.deepEqual(headings(page), [
    'ringcross: nothing failed in 2 cells',
    'Kernels and specs, lens emulated',
    'Kernels and specs, lens cycles',
  ]);
});

test('what does not fit is counted: the page is never larger than allowed, and never without its table', (t) => {
  const limit = 4000;
  const page = githubSummary(results, manifest, limit);
  t.true(Buffer.byteLength(page) <= limit);
  t.true(headings(page).includes('6.12 emulated agent-crashes: crashed'));
  t.regex(page, /^5 more failures: there is no room here; see the report of the run\.$/m);
  t.is(tableUnder(page, 'Kernels and specs, lens emulated').length, 9);
});
