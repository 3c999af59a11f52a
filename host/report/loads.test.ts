import test from 'ava';
import { accounted, lost } from '../run/fixtures/accounted.ts';
import type { AccountResult } from '../run/results.ts';
import { bufferTables, loadNotes, lossCurves } from './loads.ts';

const at = (
  periodNs: number,
  size: number,
  losses: AccountResult['losses'] = [],
  changes: Partial<AccountResult> = {},
) =>
  accounted({
    load: { periodNs, serviceNs: 20_000 },
    buffer: { size, unit: 'bytes', capacity: size / 1024 },
    losses,
    ...changes,
  });

const curves = (...accounts: AccountResult[]) => lossCurves({ accounts, unit: 'instructions' });

test('loads go down from the lowest to flat out, buffers across from the smallest, and a cell says what is lost', (t) => {
  const [only, ...others] = curves(
    at(0, 65_536, [lost(64, 936)]),
    at(16_000, 4096, [lost(5, 100), lost(200, 25)]),
    at(40_000, 4096),
    at(40_000, 65_536),
    at(16_000, 65_536, [], { offered: 100_000, losses: [lost(7, 1)] }),
  );
  t.deepEqual(others, []);
  t.is(only?.title, 'netlink k2u unicast, 64 B');
  t.deepEqual(only?.table, {
    header: ['load', 'period (ns)', 'buffer 4,096 B (4 messages)', 'buffer 65,536 B (64 messages)'],
    rows: [
      ['0.50', '40,000', '0', '0'],
      ['1.25', '16,000', '12.5 % (125)', '< 0.1 % (1)'],
      ['flat out', '0', '—', '93.6 % (936)'],
    ],
  });
});

test('mechanism, direction, variant and size have a table each; a buffer that is none of ours is named so', (t) => {
  const queue = { mechanism: 'mqueue', direction: 'u2u', variant: 'non-blocking' } as const;
  const buffer = { size: 10, unit: 'messages', capacity: 10 } as const;
  t.deepEqual(
    curves(
      at(0, 4096),
      at(0, 4096, [], { variant: 'multicast' }),
      at(0, 4096, [], { bytes: 1024 }),
      at(0, 4096, [], { ...queue, buffer }),
      at(0, 4096, [], { mechanism: 'relay', buffer: null }),
    ).map(({ title, table }) => [title, table.header[2]]),
    [
      ['netlink k2u unicast, 64 B', 'buffer 4,096 B (4 messages)'],
      ['netlink k2u multicast, 64 B', 'buffer 4,096 B (4 messages)'],
      ['netlink k2u unicast, 1,024 B', 'buffer 4,096 B (4 messages)'],
      ['mqueue u2u non-blocking, 64 B', 'buffer 10 messages'],
      ['relay k2u unicast, 64 B', 'buffer as it is'],
    ],
  );
});

test('below it stands how it was, who learned of a loss and how soon, and what else was wrong', (t) => {
  const notice = (ticks: number | null) => ({
    notices: [{ who: 'receiver' as const, error: 'ENOBUFS', count: 2, ticks }],
  });
  const says = (...accounts: AccountResult[]) => curves(...accounts)[0]?.says.join(' ');
  t.is(
    says(
      at(0, 4096, [lost(4, 10, 'sender', 'EAGAIN'), lost(20, 2, 'receiver', 'ENOBUFS')], notice(900)),
      at(9, 4096, [lost(4, 5, 'sender', 'EAGAIN'), lost(12, 1)], { ...notice(1200), offered: 500 }),
      at(8, 4096, [], notice(null)),
    ),
    'In each cell 500 or 1,000 messages were offered; the receiver takes 20,000 ns for each. Of the 18 that were lost, who learned: the sender of 15 (EAGAIN), the receiver of 2 (ENOBUFS), nobody of 1. The receiver was first told (ENOBUFS) 900 to 1,200 instructions after the first lost message was offered. None was delivered twice, damaged or out of order.',
  );
  t.regex(
    says(at(0, 4096, [], { duplicated: 1, corrupted: 2, reordered: 3 })) ?? '',
    /Nothing was lost\. Of those delivered: 1 delivered twice, 2 with a wrong checksum, 3 out of order\.$/,
  );
});

test('without a unit no tick is told', (t) => {
  const [curve] = lossCurves({
    accounts: [
      at(0, 4096, [lost(4, 1)], {
        notices: [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: 5 }],
      }),
    ],
    unit: null,
  });
  t.notRegex(curve?.says.join(' ') ?? '', /first told/);
});

test('only the lens of virtual time calls a count exact', (t) => {
  const callsExact = (lens: 'instructions' | 'cycles' | 'emulated') =>
    loadNotes({ lens }).some((note) => /each count is exact/.test(note));
  t.deepEqual(
    [callsExact('instructions'), callsExact('cycles'), callsExact('emulated')],
    [true, false, false],
  );
});

test('a buffer of one message is not one of messages', (t) => {
  const [curve] = curves(at(0, 4096, [], { buffer: { size: 1, unit: 'messages', capacity: 1 } }));
  t.is(curve?.table.header[2], 'buffer 1 message');
});

test('buffers that are compared have a table for each load, and no curve', (t) => {
  const accounts = [
    at(16_000, 4096, [lost(9, 125, 'sender', 'EAGAIN')], { variant: 'buffer, SO_RCVBUF 4096' }),
    at(16_000, 65_536, [], { variant: 'buffer, SO_RCVBUFFORCE' }),
    at(0, 65_536, [], { variant: 'buffer, SO_RCVBUFFORCE' }),
    accounted({ variant: 'buffer, as it is' }),
    accounted({ variant: 'raw' }),
  ];
  t.deepEqual(curves(...accounts), []);
  const tables = bufferTables({ accounts });
  t.deepEqual(
    tables.map(({ title, table }) => [title, table.rows.length]),
    [
      ['netlink k2u, 64 B, load 1.25, period 16,000 ns', 2],
      ['netlink k2u, 64 B, flat out', 1],
      ['netlink k2u, 64 B', 1],
    ],
  );
  t.deepEqual(tables[0]?.table.rows, [
    ['SO_RCVBUF 4096', 'the sender of 125 (EAGAIN)', '4,096 B', '4', '1,000', '875', '12.5 % (125)'],
    ['SO_RCVBUFFORCE', '—', '65,536 B', '64', '1,000', '1,000', '0'],
  ]);
});
