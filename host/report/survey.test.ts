import test from 'ava';
import type { CaseResult, Distribution } from '../run/results.ts';
import { cycleTable, latencyTable } from './survey.ts';

const spread = (p50: number, mean = p50): Distribution => ({
  n: 1,
  min: p50,
  p50,
  p90: p50,
  p99: p50,
  p999: p50,
  max: p50,
  mean,
});

const measured = (changes: Partial<CaseResult>): CaseResult => ({
  mechanism: 'chardev',
  direction: 'u2k',
  variant: 'write',
  bytes: 1024,
  sent: 1,
  received: 1,
  lost: 0,
  unit: 'instructions',
  overhead: 4,
  kernelOverhead: 4,
  faults: 0,
  send: spread(700),
  receive: spread(300),
  transit: spread(650),
  stream: null,
  throughput: { bytesPerTick: 1.5, bytesPerSecond: null },
  ...changes,
});

const rowOf = (rows: readonly (readonly string[])[], title: string) =>
  rows.find(([first]) => first === title);

test('Table 4 has the survey’s figure and ours in the cell of the same meaning', (t) => {
  const { header, rows } = cycleTable(
    'u2k',
    [measured({}), measured({ bytes: 64, send: spread(1) })],
    'instructions',
  );
  t.deepEqual(header.slice(1), [
    'user sending, survey (cycles)',
    'user sending, ours (instructions)',
    'kernel receiving, survey (cycles)',
    'kernel receiving, ours (instructions)',
  ]);
  t.deepEqual(rowOf(rows, 'character device, read/write')?.slice(1), ['52 405', '700', '182', '300']);
});

test('a mechanism that is not measured has a dash beside the survey’s own words', (t) => {
  const { rows } = cycleTable('k2u', [], 'instructions');
  t.deepEqual(rowOf(rows, 'relay to debugfs')?.slice(1), ['158', '—', '6 078', '—']);
  t.deepEqual(rowOf(rows, 'character device, read/write')?.slice(1), [
    'NOT IMPLEMENTED',
    '—',
    'NOT IMPLEMENTED',
    '—',
  ]);
});

test('Table 1 takes the size the survey took, from start of send to end of receive', (t) => {
  const pipe = { mechanism: 'pipe', direction: 'u2u', variant: 'blocking' } as const;
  const { rows } = latencyTable(
    [measured({ ...pipe, bytes: 4096, transit: spread(4053, 4053.5) }), measured({ ...pipe, bytes: 1024 })],
    'instructions',
  );
  t.deepEqual(rowOf(rows, 'pipe, 4096 B')?.slice(1), ['2.37', '4,053', '4,053.5']);
});
