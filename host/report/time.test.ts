import test from 'ava';
import type { Manifest } from '../run/manifest.ts';
import { starts, timeTable } from './time.ts';

const cell = (spec: string, bootMs: number | null, ms: number) => ({
  kernel: '6.12',
  release: null,
  lens: 'instructions' as const,
  spec,
  outcome: 'passed' as const,
  start: null,
  bootMs,
  ms,
  tests: [
    { title: 'a', outcome: 'passed' as const, ms: 1 },
    { title: 'b', outcome: 'skipped' as const, ms: 1 },
  ],
  cases: [],
  findings: [],
  accounts: [],
});

test('the longest cell comes first and the sum of all last', (t) => {
  const { rows } = timeTable({
    schema: 1,
    run: 'x',
    cells: [cell('short', 2000, 3000), cell('long', 2500, 9000), cell('never-booted', null, 10)],
  });
  t.deepEqual(rows, [
    ['6.12 instructions long', 'passed', '1/2', '0', '2.5 s', '9.0 s'],
    ['6.12 instructions short', 'passed', '1/2', '0', '2.0 s', '3.0 s'],
    ['6.12 instructions never-booted', 'passed', '1/2', '0', '—', '0.0 s'],
    ['all 3', '', '3/6', '0', '4.5 s', '12.0 s'],
  ]);
});

test('a report says how many guests are clones, of how many templates, and why others booted', (t) => {
  const said = (...of: ({ kind: 'clone' | 'boot'; reason?: string } | null)[]) =>
    starts({ schema: 1, run: 'x', cells: of.map((start) => ({ ...cell('a', 1, 1), start })) }, {
      templates: [{}],
    } as Manifest);
  t.deepEqual(said({ kind: 'clone' }, { kind: 'clone' }, null), ['2 of 2 guests are clones, of 1 template.']);
  t.deepEqual(
    said({ kind: 'clone' }, { kind: 'boot', reason: 'no room' }, { kind: 'boot', reason: 'no room' }),
    ['1 of 3 guests are clones, of 1 template.', '2 booted: no room.'],
  );
  t.deepEqual(said({ kind: 'boot' }), ['0 of 1 guests are clones.', '1 booted: as asked for.']);
  t.deepEqual(said(null), []);
});
