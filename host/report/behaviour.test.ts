import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import { behaviourTable } from './behaviour.ts';

const told = (says: string, outcome: 'refused' | 'passed over' = 'refused'): Finding => ({
  about: 'validation',
  mechanism: 'genetlink',
  subject: 'a reserved field',
  outcome,
  says,
});

const limit = (bytes: number | null): Finding => ({
  about: 'boundary',
  mechanism: 'fifo',
  subject: 'write',
  direction: 'u2k',
  size: 'largest',
  bytes: bytes ?? 0,
  result: 'taken',
  says: 'a page',
});

test('each way of doing it is a row, with the kernels that do so', (t) => {
  const { rows } = behaviourTable([
    { release: '5.10.1', findings: [told('not looked at', 'passed over')] },
    { release: '6.1.1', findings: [told('EINVAL')] },
    { release: '6.12.1', findings: [] },
    { release: '7.3.1', findings: [told('EINVAL')] },
  ]);
  t.deepEqual(rows, [
    ['genetlink', 'validation: a reserved field', '5.10.1', 'passed over; not looked at'],
    ['genetlink', 'validation: a reserved field', '6.1.1, 7.3.1', 'refused; EINVAL'],
  ]);
});

test('what all do alike is left out, and what one kernel alone was asked', (t) => {
  const { rows } = behaviourTable([
    { release: '6.1.1', findings: [limit(4096), told('EINVAL')] },
    { release: '7.3.1', findings: [limit(4096)] },
  ]);
  t.deepEqual(rows, []);
});

test('what one kernel says in one more way than another is no difference', (t) => {
  const { rows } = behaviourTable([
    { release: '6.1.1', findings: [told('EINVAL')] },
    { release: '7.3.1', findings: [told('in other words'), told('EINVAL')] },
  ]);
  t.deepEqual(rows, []);
});

test('a direction and a side belong to what, the rest to what was seen', (t) => {
  const { rows } = behaviourTable([
    { release: '6.1.1', findings: [limit(4096)] },
    { release: '7.3.1', findings: [limit(8192)] },
  ]);
  t.deepEqual(rows[1], [
    'fifo',
    'boundary: write (u2k), largest',
    '7.3.1',
    'bytes: 8192; result: taken; a page',
  ]);
});
