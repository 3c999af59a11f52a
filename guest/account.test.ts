import { subscribe } from 'node:diagnostics_channel';
import test from 'ava';
import { account, accountChannel } from './account.ts';
import type { AccountReport } from './protocol/messages.ts';

const told: unknown[] = [];
subscribe(accountChannel, (message) => told.push(message));

const overrun: AccountReport = {
  mechanism: 'netlink',
  direction: 'k2u',
  variant: 'unicast',
  bytes: 64,
  buffer: { size: 4096, unit: 'bytes', capacity: 5 },
  load: { periodNs: 0, serviceNs: 1000 },
  window: null,
  offered: 10,
  received: 6,
  duplicated: 0,
  corrupted: 0,
  reordered: 0,
  repeated: 0,
  recognised: 0,
  losses: [
    { first: 5, count: 3, learned: 'sender', error: 'EAGAIN' },
    { first: 9, count: 1, learned: 'nobody', error: null },
  ],
  notices: [{ who: 'sender', error: 'EAGAIN', count: 3, ticks: 40 }],
  ticks: 9000,
};

test.serial('an account in which each message is received or lost is published as it is', (t) => {
  account(overrun);
  t.deepEqual(told.splice(0), [overrun]);
});

test.serial('one that does not add up says what it holds and is not published', (t) => {
  for (const received of [5, 7])
    t.throws(() => account({ ...overrun, received }), {
      message: `an account of 10 messages holds ${received} received and 4 lost`,
    });
  t.deepEqual(told, []);
});
