import test from 'ava';
import { group, measured, rowOf, spread, streamed } from './fixtures/measured.ts';
import { ipcNotes, ipcTable } from './survey-ipc.ts';

test('Table 1 has the survey’s mean, ours by its method, and ours a message, each of the survey’s size', (t) => {
  const pipe = { mechanism: 'pipe', direction: 'u2u' } as const;
  const { header, rows } = ipcTable(
    group({
      cases: [
        measured({ ...pipe, variant: 'blocking', bytes: 1024, transit: spread(1) }),
        measured({ ...pipe, variant: 'blocking', bytes: 4096, transit: spread(4044) }),
        streamed({ ...pipe, bytes: 4096 }, 3210.5),
        streamed({ mechanism: 'mqueue', bytes: 416 }, 2000, 500),
      ],
    }),
  );
  t.is(header[2], 'as the survey did: mean (instructions)');
  t.deepEqual(rowOf(rows, 'pipe, 4096 B')?.slice(1), [
    '2.37',
    '3,210.5',
    '10,000',
    '4,044',
    '4,045',
    '4,046',
  ]);
  t.deepEqual(rowOf(rows, 'POSIX message queue')?.slice(1), ['0.99', '2,000', '500', '—', '—', '—']);
  t.deepEqual(rowOf(rows, 'POSIX shared memory')?.slice(1), ['0.91', '—', '—', '—', '—', '—']);
});

test('only a lens that counts instructions says why fewer messages do', (t) => {
  t.true(ipcNotes({ lens: 'instructions' }).some((note) => /same number of instructions/.test(note)));
  t.false(ipcNotes({ lens: 'cycles' }).some((note) => /same number of instructions/.test(note)));
});
