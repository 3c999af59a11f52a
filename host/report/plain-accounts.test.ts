import test from 'ava';
import { accounted, lost } from '../run/fixtures/accounted.ts';
import type { AccountResult } from '../run/results.ts';
import { plainAccounts } from './plain-accounts.ts';

const raw = accounted({ variant: 'raw', ticks: 1_000_000 });

const named = (...accounts: AccountResult[]) =>
  plainAccounts({ accounts, unit: 'instructions' }).rows.map(([name]) => name);

test('a line says what became of the messages, and what one cost where the lens tells', (t) => {
  const accounts = [
    { ...raw, ...accounted({ losses: [lost(3, 10)], duplicated: 2, corrupted: 3 }), ticks: 990 },
  ];
  const row = ['netlink k2u unicast, 64 B', '1,000', '990', '1 % (10)', '2', '3', '0'];
  t.deepEqual(plainAccounts({ accounts, unit: 'instructions' }).rows, [[...row, '1']]);
  const { header, rows } = plainAccounts({ accounts, unit: null });
  t.deepEqual(rows, [row]);
  t.is(header.length, row.length);
});

test('what has a table of its own has no line: loads, buffers, windows and the messages beside windows', (t) => {
  const window = accounted({ variant: 'window', window: 4 });
  t.deepEqual(
    named(
      accounted({ load: { periodNs: 0, serviceNs: 1 } }),
      accounted({ variant: 'buffer, as it is' }),
      window,
      raw,
    ),
    [],
  );
  t.deepEqual(named({ ...window, bytes: 1024 }, { ...window, direction: 'u2k' }, raw), [
    'netlink k2u raw, 64 B',
  ]);
});
