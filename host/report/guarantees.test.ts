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

test('a way that loses nothing because it acknowledges has its own price, and none where no tick is published', (t) => {
  const ways = [guarantee('k2u window', 'never'), guarantee('k2u stop-and-wait', 'never')];
  const tried = [
    ...accounts,
    accounted({ variant: 'window', window: 4, ticks: 1_250_000 }),
    accounted({ variant: 'stop-and-wait, 1 % of ACKs dropped', window: 1, ticks: 9_000_000 }),
  ];
  const costOf = (of: typeof tried, findings: Finding[]) =>
    guaranteeTable(group({ findings, accounts: of })).rows.map((row) => row.at(-1));
  t.deepEqual(costOf(tried, ways), [
    '64 B: 1,000 raw, 1,250 with a window of 4 (1.25 times)',
    '64 B: 1,000 raw, 2,000 with an ACK for each (2.00 times)',
  ]);
  t.deepEqual(
    costOf(
      tried.map((one) => ({ ...one, ticks: null })),
      ways,
    ),
    ['—', '—'],
  );
  t.deepEqual(
    costOf(
      tried,
      ways.map((one) => ({ ...one, mechanism: 'genetlink' })),
    ),
    ['none needed', 'none needed'],
  );
});
