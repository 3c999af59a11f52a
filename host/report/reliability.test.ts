// The folder fixtures/reliable-run is of a run with an account or a finding for each section.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type { CellResult } from '../run/results.ts';
import { markdownReport, terminalSummary } from './markdown.ts';
import { reliabilityPage } from './reliability.ts';
import { readRun } from './write.ts';

const { results, manifest } = await readRun(join(import.meta.dirname, 'fixtures/reliable-run'));

const sections = [
  'Reliability: what each mechanism guarantees',
  'Loss against offered load',
  'Buffers: loss at the same load',
  'Figure 2 of the survey: one message, one ACK',
  'Figure 3 of the survey: a fixed window',
  'Who learns of a loss',
  'Recovery from a loss, and from a change during a dump',
  'Death of one side',
  'Boundaries: the empty message, the largest, and one byte more',
];

const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const titles = (page: string) => [...page.matchAll(/^### (.*)$/gm)].map(([, title]) => title);

test('the page has what was run, and a line for each mechanism before all else', (t) => {
  const page = reliabilityPage(results, manifest);
  const [title, , headline] = page.split('\n');
  t.is(title, '# Reliability');
  t.regex(
    headline ?? '',
    /^\*\*Linux 6\.12\.117; lens instructions; 2026-12-01; run 20261201-120000-0b0b\.\*\*/,
  );
  t.deepEqual(titles(page), sections);
});

test('the words of a section are explained before its first table', (t) => {
  const parts = reliabilityPage(results, manifest).split(/^### /m);
  t.regex(parts[0] ?? '', /^u2k is from user space to the kernel, k2u /m);
  const explained = parts.slice(1).filter((part) => /^- /m.test(part));
  t.true(explained.length > 5);
  for (const part of explained) t.regex(part, /^[^|]*\n- [^|]*\n\n(?:#### .*\n\n)?\| /);
});

test('each section has its row', (t) => {
  const page = reliabilityPage(results, manifest);
  const rows = [
    ['pipe', 'u2u', 'never', 'a reader lives', 'a writer waits for room', 'none needed'],
    ['flat out', '0', '98.6 % (986)', '93.8 % (938)'],
    ['SO_RCVBUFFORCE', '—', '4,194,304 B', '5,461', '1,000', '1,000', '0'],
    ['stop-and-wait, 1 % of ACKs dropped', '1', '10,000', '10,000', '0', '97', '97', '5,000'],
    ['window', '4', '1,000', '1,000', '0', '0', '0', '1,500'],
    ['netlink', 'k2u', 'nlmsg_unicast', 'EAGAIN', 'ENOBUFS', 'number 42 of 43'],
    ['netlink', 'dump after ENOBUFS', 'yes', 'all 512 entries are those of the module'],
    ['pipe', 'u2u', 'reader', 'blocked in read', 'EPIPE', 'and SIGPIPE'],
    ['pipe', 'u2u', 'write', 'empty', '0', 'taken', 'nothing is sent'],
  ];
  const shown = page.split('\n').map(cellsOf);
  for (const row of rows)
    t.true(
      shown.some((line) => isDeepStrictEqual(line, row)),
      row.join(' | '),
    );
});

test('the report has every section too, the terminal the line for each mechanism', (t) => {
  const [first, ...rest] = sections;
  const report = titles(markdownReport(results, manifest, new Map()));
  t.deepEqual(report.slice(report.indexOf(first), report.indexOf(first) + sections.length), sections);
  const summary = terminalSummary(results, manifest);
  t.true(titles(summary).includes(first));
  t.deepEqual(
    rest.filter((title) => titles(summary).includes(title)),
    [],
  );
  t.notRegex(summary, /^- Loses/m);
});

test('a lens without a unit has the counts and no column of ticks', (t) => {
  const cells = results.cells.map(
    (cell): CellResult => ({
      ...cell,
      lens: 'emulated',
      accounts: cell.accounts.map((one) => ({ ...one, ticks: null, notices: [] })),
    }),
  );
  const page = reliabilityPage({ ...results, cells }, manifest);
  t.deepEqual(titles(page), sections);
  t.notRegex(page, /a message \||instructions a message/);
  t.regex(
    page,
    /^\| stop-and-wait, 1 % of ACKs dropped +\| +1 \| +10,000 \| +10,000 \| +0 \| +97 \| +97 \|$/m,
  );
});

test('a kernel and lens without a word of it has no part, and a run without any is refused', (t) => {
  const [cell] = results.cells;
  if (!cell) throw new Error('the fixture has no cell');
  const silent: CellResult = { ...cell, kernel: '5.10', findings: [], accounts: [] };
  const limit = { about: 'transfer limit', mechanism: 'x', subject: 'y', says: 'z', bytes: 1 } as const;
  const page = reliabilityPage(
    { ...results, cells: [...results.cells, { ...silent, findings: [limit] }] },
    manifest,
  );
  t.is([...page.matchAll(/^## /gm)].length, 1);
  t.throws(() => reliabilityPage({ ...results, cells: [silent] }, manifest), {
    code: 'USAGE',
    message: /neither an account nor a finding/,
  });
});
