import test from 'ava';
import type { AccountReport, GuestMessage } from '../../guest/protocol/messages.ts';
import { accountsOf, lostOf } from './accounts.ts';
import { accounted, lost } from './fixtures/accounted.ts';
import type { CellEvent } from './outcome.ts';

const said = (message: GuestMessage): CellEvent => ({ kind: 'message', message });
const ended = (outcome: 'passed' | 'failed', ...path: string[]) =>
  said({ type: 'test', path, outcome, ms: 1 });
const gives = (account: AccountReport, ...path: string[]) => said({ type: 'account', path, account });

const timed = accounted({
  losses: [lost(10, 2, 'receiver', 'ENOBUFS'), lost(20, 1)],
  notices: [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: 340 }],
  ticks: 9000,
});

test('an account of a test that passed counts, that of one that failed or never ended does not', (t) => {
  const [one, two, three] = ['one', 'two', 'three'].map((variant) => accounted({ variant }));
  if (!one || !two || !three) throw new Error('there are three');
  const events = [
    gives(one, 'a'),
    ended('passed', 'a'),
    gives(two, 's', 'b'),
    ended('failed', 's', 'b'),
    gives(three, 'c'),
  ];
  t.deepEqual(accountsOf(events, 'instructions'), [one]);
});

test('what is lost is the sum of all rows', (t) => {
  t.is(lostOf(timed), 3);
});

test('ticks are kept where a tick counts something, and every one is dropped where it does not', (t) => {
  const events = [gives(timed, 'a'), ended('passed', 'a')];
  for (const lens of ['instructions', 'cycles'] as const) t.deepEqual(accountsOf(events, lens), [timed]);
  t.deepEqual(accountsOf(events, 'emulated'), [
    { ...timed, ticks: null, notices: [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: null }] },
  ]);
});

test('an account that does not add up is refused with its name and what it holds', (t) => {
  t.throws(() => accountsOf([gives({ ...timed, received: 998 }, 'a'), ended('passed', 'a')], 'cycles'), {
    instanceOf: RangeError,
    message: /1000 messages of netlink k2u unicast .* 998 were received and 3 lost/,
  });
});

test('what is no account is refused', (t) => {
  t.throws(() => accountsOf([gives({ ...timed, offered: 1.5 }, 'a'), ended('passed', 'a')], 'cycles'));
});
