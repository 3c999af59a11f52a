import test from 'ava';
import { accounted, lost } from '../run/fixtures/accounted.ts';
import type { AccountResult } from '../run/results.ts';
import { costOfAcknowledging, costOfClosedLoop, fixedWindow, isClosedLoop, stopAndWait } from './windows.ts';

/** Of 1000 messages, each at so many ticks. */
const windowed = (window: number, ticks: number | null, changes: Partial<AccountResult> = {}) =>
  accounted({ variant: 'window', window, ticks: ticks === null ? null : ticks * 1000, ...changes });

const raw = accounted({ variant: 'raw', ticks: 1_000_000 });
const overrun = {
  repeated: 16,
  notices: [{ who: 'receiver' as const, error: 'ENOBUFS', count: 3, ticks: null }],
};
const dropped = windowed(1, 9000, { variant: 'window, 1 % of ACKs dropped', repeated: 10, recognised: 9 });

const figure3 = (...accounts: AccountResult[]) => fixedWindow({ accounts, unit: 'instructions' });
const says = (...accounts: AccountResult[]) => figure3(...accounts)[0]?.says[0];

test('Figure 2 has every variant of one message in flight, the price without first and the faults last', (t) => {
  const [only] = stopAndWait({
    accounts: [dropped, windowed(2, 2000), windowed(1, 3000), raw],
    unit: 'instructions',
  });
  t.is(only?.title, 'netlink k2u, 64 B');
  t.deepEqual(only?.table.rows, [
    ['raw', '—', '1,000', '1,000', '0', '0', '0', '1,000'],
    ['window', '1', '1,000', '1,000', '0', '0', '0', '3,000'],
    ['window, 1 % of ACKs dropped', '1', '1,000', '1,000', '0', '10', '9', '9,000'],
  ]);
});

test('Figure 3 has the variants of more than one window, by window', (t) => {
  const [only] = figure3(dropped, windowed(4, 1500), windowed(1, 3000), windowed(2, 2000));
  t.deepEqual(
    only?.table.rows.map(([variant, window]) => [variant, window]),
    [
      ['window', '1'],
      ['window', '2'],
      ['window', '4'],
    ],
  );
  t.deepEqual(figure3(dropped, windowed(1, 3000), raw), []);
});

test('the best window has the fewest ticks of those that neither lost nor overran; the first that overran is named', (t) => {
  t.is(
    says(
      windowed(1, 3000),
      windowed(2, 2000),
      windowed(4, 2000),
      windowed(8, 1000, overrun),
      windowed(16, 500, overrun),
      windowed(32, 400, { losses: [lost(3, 1)] }),
      windowed(2, 100, { variant: 'window, ACKs duplicated' }),
    ),
    'The best window is 2: 2,000 instructions a message, the fewest without a loss or an overrun. The first that overran is 8 (ENOBUFS to the receiver: 3, sent again: 16).',
  );
});

test('a message that was sent again is an overrun where no fault was injected, and only there', (t) => {
  t.regex(
    says(windowed(1, 3000), windowed(2, 9, { repeated: 1 })) ?? '',
    /best window is 1: .* is 2 \(sent again: 1\)/,
  );
  const faulty = windowed(2, 9, { variant: 'window, ACKs delayed', repeated: 5 });
  t.regex(says(windowed(1, 3000), windowed(2, 2000), faulty) ?? '', /best window is 2: .* None overran\.$/);
});

test('where nothing may be named best, it is said', (t) => {
  t.regex(
    says(windowed(2, 9, overrun)) ?? '',
    /^No window was timed that neither lost a message nor overran\./,
  );
  const [emulated] = fixedWindow({ accounts: [windowed(1, null), windowed(2, null)], unit: null });
  t.regex(emulated?.says[0] ?? '', /^This lens publishes no ticks/);
  t.false(emulated?.table.header.some((title) => title.includes('a message')));
  t.is(emulated?.table.rows[0]?.length, emulated?.table.header.length);
});

test('the cost is that of an acknowledgement each and of the best window, against the same messages without', (t) => {
  t.is(
    costOfAcknowledging([dropped, raw, windowed(1, 3000), windowed(4, 1250), windowed(8, 1100, overrun)]),
    '64 B: 1,000 raw, 3,000 with an ACK for each (3.00 times), 1,250 with a window of 4 (1.25 times)',
  );
  t.is(
    costOfAcknowledging([raw, windowed(1, 3000)]),
    '64 B: 1,000 raw, 3,000 with an ACK for each (3.00 times)',
  );
  const large = [raw, windowed(1, 3000)].map((one) => ({ ...one, bytes: 1024 }));
  t.regex(costOfAcknowledging([raw, windowed(1, 2000), ...large]), /^64 B: .*; 1,024 B: .*/);
});

test('without the messages to compare with, or without ticks, no cost is known', (t) => {
  t.is(costOfAcknowledging([windowed(1, 3000), { ...raw, bytes: 1024 }]), '');
  t.is(costOfAcknowledging([raw]), '');
  t.is(costOfAcknowledging([{ ...raw, ticks: null }, windowed(1, null)]), '');
});

test('the cost of one way is that of the sizes it was tried with, and of the window that it has', (t) => {
  const sizes = [raw, windowed(1, 3000), windowed(4, 1250)].flatMap((one) => [one, { ...one, bytes: 1024 }]);
  const tried = [...sizes, dropped, windowed(1, 9000, { variant: 'stop-and-wait, 1 % of ACKs delayed' })];
  t.deepEqual(
    ['window', 'stop-and-wait', 'raw', 'multicast'].map((way) => isClosedLoop(tried, way)),
    [true, true, false, false],
  );
  t.is(costOfClosedLoop(tried, 'stop-and-wait'), '64 B: 1,000 raw, 3,000 with an ACK for each (3.00 times)');
  t.is(
    costOfClosedLoop(tried, 'window'),
    '64 B: 1,000 raw, 1,250 with a window of 4 (1.25 times); 1,024 B: 1,000 raw, 1,250 with a window of 4 (1.25 times)',
  );
  t.is(
    costOfClosedLoop([raw, windowed(1, 1200), windowed(2, 1300)], 'window'),
    '64 B: 1,000 raw, 1,200 with an ACK for each (1.20 times)',
  );
});
