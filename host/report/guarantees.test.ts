import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import { accounted } from '../run/fixtures/accounted.ts';
import { group } from './fixtures/measured.ts';
import { guaranteeTable } from './guarantees.ts';

const guarantee = (subject: string, loses: 'never' | 'when full'): Finding => ({
  about: 'guarantee',
  mechanism: 'netlink',
  subject,
  says: 'seen',
  loses,
  condition: 'there is room',
});

const accounts = [
  accounted({ variant: 'raw', ticks: 1_000_000 }),
  accounted({ variant: 'window', window: 1, ticks: 2_000_000 }),
];

const costs = (...findings: Finding[]) =>
  guaranteeTable(group({ findings, accounts })).rows.map((row) => row.at(-1));

test('a line says what is lost, under which condition, what was seen, and what it costs to lose nothing', (t) => {
  t.deepEqual(guaranteeTable(group({ findings: [guarantee('k2u', 'when full')], accounts })).rows, [
    [
      'netlink',
      'k2u',
      'when full',
      'there is room',
      'seen',
      '64 B: 1,000 raw, 2,000 with an ACK for each (2.00 times)',
    ],
  ]);
});

test('what loses nothing needs nothing; the price of one direction and of one receiver is not that of another', (t) => {
  t.deepEqual(costs(guarantee('u2k', 'never')), ['none needed']);
  t.deepEqual(
    costs(
      guarantee('k2u unicast', 'when full'),
      guarantee('k2u multicast', 'when full'),
      guarantee('u2k', 'when full'),
      { ...guarantee('k2u', 'when full'), mechanism: 'genetlink' },
    ),
    ['64 B: 1,000 raw, 2,000 with an ACK for each (2.00 times)', '—', '—', '—'],
  );
});
