// The folder fixtures/small-run is of a run before there were streams, findings and accounts.
import { join } from 'node:path';
import test from 'ava';
import type { CellResult } from '../run/results.ts';
import { spread, streamed } from './fixtures/measured.ts';
import { markdownReport, terminalSummary } from './markdown.ts';
import { resultsPage } from './page.ts';
import { readRun } from './write.ts';

const small = await readRun(join(import.meta.dirname, 'fixtures/small-run'));

const tables = [
  'Table 1 of the survey: latency of IPC',
  'Table 2 of the survey: sending from the kernel, synchronous or asynchronous',
  'Table 3 of the survey: sending from user space, synchronous or asynchronous',
  'Table 4 of the survey: user to kernel',
  'Table 5 of the survey: kernel to user',
  "The survey's five parameters",
];

const titles = (page: string) => [...page.matchAll(/^### (.*)$/gm)].map(([, title]) => title);

test('a run of before there were streams, findings and accounts is read as one that has none', (t) => {
  for (const { cases, findings, accounts } of small.results.cells) {
    t.deepEqual(findings, []);
    t.deepEqual(accounts, []);
    t.true(cases.length > 0);
    t.true(cases.every(({ stream }) => stream === null));
  }
});

test('the page has what was run, the tables in order, and a line for every case', (t) => {
  const page = resultsPage(small.results, small.manifest);
  const [title, , headline] = page.split('\n');
  t.is(title, '# Results');
  t.regex(
    headline ?? '',
    /^\*\*Linux 6\.12\.117; lens instructions; 2026-11-01; run 20261101-120000-0a0a\.\*\* 2 of 2 cells .* Image of Linux 6\.12\.117: SHA-256 \w{64}, by gcc /,
  );
  t.regex(page, /^u2k is from user space to the kernel, k2u /m);
  t.deepEqual(titles(page), [...tables, 'All cases at 1024 B, or at the smallest size they have']);
  t.regex(page, /cycles and these instructions are different units .* they do not compare\./);
  t.regex(page, /^\| chardev u2k write +\| 1,024 \| +696 \(696\) \| +231 \(231\) \|/m);
  t.regex(page, /^- Send is inside the call of the sender/m);
});

test('nothing of the machine it was taken on is on the page', (t) => {
  const page = resultsPage(small.results, small.manifest);
  for (const own of ['/home', 'some CPU', '6.1.0', 'no /dev/kvm']) t.false(page.includes(own), own);
});

test('each kernel and lens has a section of its own', (t) => {
  const cycles = small.results.cells.map(
    (cell): CellResult => ({
      ...cell,
      lens: 'cycles',
      cases: cell.cases.map((one) => ({ ...one, unit: 'cycles', send: spread(7) })),
    }),
  );
  const page = resultsPage({ ...small.results, cells: [...small.results.cells, ...cycles] }, small.manifest);
  const [, first = '', second = ''] = page.split(/^## /m);
  t.regex(first, /lens instructions, in instructions/);
  t.regex(second, /lens cycles, in cycles/);
  t.regex(second, /^\| chardev u2k write +\| 1,024 \| +7 \(9\)/m);
  t.notRegex(first, /\| +7 \(9\)/);
});

test('figures of two lenses in one cell are refused, and so is a run without figures', (t) => {
  const [cell] = small.results.cells;
  if (!cell) throw new Error('the fixture has no cell');
  const cells = [{ ...cell, lens: 'cycles' as const }];
  t.throws(() => resultsPage({ ...small.results, cells }, small.manifest), {
    message: /do not share a table/,
  });
  t.throws(() => resultsPage({ ...small.results, cells: [] }, small.manifest), {
    message: /a run with figures/,
  });
});

test('a lens without a unit shows what was established, and no table of figures', (t) => {
  const [cell] = small.results.cells;
  if (!cell) throw new Error('the fixture has no cell');
  const emulated: CellResult = {
    ...cell,
    lens: 'emulated',
    cases: [],
    findings: [
      {
        about: 'not possible',
        mechanism: 'relay',
        direction: 'u2k',
        subject: 'write',
        holds: true,
        says: 'EINVAL',
      },
    ],
  };
  const results = { ...small.results, cells: [emulated] };
  const report = markdownReport(results, small.manifest, new Map());
  t.deepEqual(titles(report), [tables[1], tables[2], tables[5], 'Said to be not possible']);
  t.regex(report, /^\| relay +\| u2k +\| write +\| no +\| EINVAL +\|$/m);
  t.deepEqual(titles(terminalSummary(results, small.manifest)), []);
});

test('report and terminal show the tables; the notes and every case stand in the report', (t) => {
  const [cell] = small.results.cells;
  if (!cell) throw new Error('the fixture has no cell');
  const results = {
    ...small.results,
    cells: [{ ...cell, cases: [...cell.cases, streamed({ mechanism: 'pipe', bytes: 4096 }, 3210.5)] }],
  };
  const report = markdownReport(results, small.manifest, new Map());
  const summary = terminalSummary(results, small.manifest);
  t.deepEqual(titles(summary), tables);
  t.deepEqual(titles(report).slice(0, tables.length + 1), [...tables, 'chardev']);
  for (const text of [report, summary]) {
    t.regex(text, /^\| pipe, 4096 B +\| +2\.37 \| +3,210\.5 \| +10,000 \|/m);
    t.regex(text, /^## Where the time went$/m);
  }
  t.regex(report, /^- character device, read\/write: a printk/m);
  t.notRegex(summary, /^- character device/m);
});
