import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import { group, measured, rowOf, spread } from './fixtures/measured.ts';
import { cycleNotes, cycleTable } from './survey-cycles.ts';

test('Table 4 has the survey’s figure and ours in the cell of the same meaning', (t) => {
  const { header, rows } = cycleTable(
    'u2k',
    group({ cases: [measured({}), measured({ bytes: 64, send: spread(1) })] }),
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
  const { rows } = cycleTable('k2u', group({}));
  t.deepEqual(rowOf(rows, 'relay to debugfs')?.slice(1), ['158', '—', '6 078', '—']);
  t.deepEqual(rowOf(rows, 'character device, mmap')?.slice(1), [
    'NOT IMPLEMENTED',
    '—',
    'NOT IMPLEMENTED',
    '—',
  ]);
});

test('what is not possible is said when it was shown, for its own direction, and a dash until then', (t) => {
  const refused: Finding = {
    about: 'not possible',
    mechanism: 'relay',
    direction: 'u2k',
    subject: 'write',
    holds: true,
    says: 'EINVAL',
  };
  const relay = (findings: Finding[]) =>
    rowOf(cycleTable('u2k', group({ findings })).rows, 'relay to debugfs')?.slice(1);
  t.deepEqual(relay([refused, { ...refused, direction: 'k2u', says: 'other' }]), [
    'NOT POSSIBLE',
    'NOT POSSIBLE',
    'NOT POSSIBLE',
    'NOT POSSIBLE',
  ]);
  t.deepEqual(relay([]), ['NOT POSSIBLE', '—', 'NOT POSSIBLE', '—']);
  const stored: Finding = { ...refused, subject: 'store', holds: false, says: 'root may' };
  t.is(relay([refused, stored])?.[1], 'NOT POSSIBLE by a call');
  const notes = cycleNotes('u2k', group({ findings: [refused, stored] }));
  t.true(notes.includes('relay to debugfs: write: EINVAL'));
  t.true(notes.includes('relay to debugfs: store is possible: root may'));
});

test('a receiver that waits has its transit in the place of a window', (t) => {
  const unicast = measured({
    mechanism: 'netlink',
    direction: 'k2u',
    variant: 'unicast',
    receive: null,
    transit: spread(900),
  });
  const { rows } = cycleTable('k2u', group({ cases: [unicast] }));
  t.deepEqual(rowOf(rows, 'netlink, dedicated port')?.slice(1), ['3 498', '700', '3 724', 'transit 900']);
});

test('notes belong to the rows of their table', (t) => {
  t.true(cycleNotes('u2k', group({})).some((note) => /^character device, read\/write: a printk/.test(note)));
  t.false(cycleNotes('k2u', group({})).some((note) => /printk/.test(note)));
  t.true(cycleNotes('k2u', group({})).some((note) => /^relay to debugfs: messages had 99 bytes/.test(note)));
});
