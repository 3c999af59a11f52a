import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import type { CaseResult } from '../run/results.ts';
import { group, measured, spread, streamed } from './fixtures/measured.ts';
import { parameterDetails, parameterTable } from './parameters.ts';

const rate = (bytesPerTick: number): Pick<CaseResult, 'throughput'> => ({
  throughput: { bytesPerTick, bytesPerSecond: null },
});

/** The only row, by column. */
const row = (cases: CaseResult[], findings: Finding[] = []) => {
  const [only = []] = parameterTable(group({ cases, findings })).rows;
  const [, signalling, transfers, latency, extensibility, portability] = only;
  return { signalling, transfers, latency, extensibility, portability };
};

const signals = (subject: string, works: boolean, says: string): Finding => ({
  about: 'signalling',
  mechanism: 'chardev',
  subject,
  says,
  works,
});

test('signalling is the transit of a poll variant at its smallest size', (t) => {
  const poll = (bytes: number, p50: number, variant = 'poll') =>
    measured({ direction: 'k2u', variant, bytes, transit: spread(p50) });
  const cases = [poll(64, 2000), poll(8, 1900), poll(8, 1500, 'ring-poll'), poll(8, 1, 'pollute')];
  t.is(
    row(cases, [signals('epoll', true, 'woken')]).signalling,
    '1,900 at 8 B (k2u poll); 1,500 at 8 B (k2u ring-poll)',
  );
});

test('without a figure it is what was established', (t) => {
  const findings = [signals('poll(2)', false, 'never ready'), signals('epoll', true, 'woken')];
  t.is(row([], findings).signalling, 'poll(2): does not work; epoll: works');
});

test('large transfers are the best rate over sizes and the limit', (t) => {
  const cases = [
    measured({ bytes: 8, ...rate(0.1) }),
    measured({ bytes: 65536, ...rate(7.7) }),
    measured({ bytes: 8, variant: 'one size', ...rate(9) }),
    // The wake-up alone: the bytes come later.
    ...['poll', 'epoll', 'ring-poll'].flatMap((variant) => [
      measured({ bytes: 8, variant, ...rate(0.2) }),
      measured({ bytes: 65536, variant, ...rate(8) }),
    ]),
  ];
  const limit = (bytes: number | null): Finding => ({
    about: 'transfer limit',
    mechanism: 'chardev',
    subject: 'write',
    says: 'EMSGSIZE',
    bytes,
  });
  t.is(row(cases, [limit(65536)]).transfers, '7.7 B/instruction at 65,536 B (u2k write); limit 65,536 B');
  t.is(row([], [limit(null)]).transfers, 'no limit of its own');
});

test('latency is the transit to a receiver that waits, whatever was measured before it', (t) => {
  const waits = { receive: null, transit: spread(900) };
  t.is(
    row([
      measured({ variant: 'direct' }),
      measured({ variant: 'poll', ...waits, transit: spread(800) }),
      measured({ variant: 'blocking', ...waits }),
    ]).latency,
    'u2k 900 transit at 1,024 B (blocking)',
  );
});

test('else it is the transit, or both windows, of what a spec measures first in each direction', (t) => {
  t.is(
    row([
      measured({ direction: 'k2u', variant: 'b', transit: null }),
      measured({ direction: 'k2u', variant: 'c', transit: null, send: spread(1) }),
      measured({ variant: 'sums', transit: null }),
      measured({ variant: 'first' }),
      measured({ variant: 'lower', transit: spread(5) }),
      streamed({}, 3),
    ]).latency,
    'u2k 650 transit at 1,024 B (first); k2u 1,000 send + receive at 1,024 B (b)',
  );
  t.is(
    row([measured({ bytes: 0, receive: null, transit: null })]).latency,
    'u2k 700 send at 0 B (write)',
    'a call that only one side stamps',
  );
});

test('of what covers the same, a message of the survey’s size goes before one of another', (t) => {
  const bare = measured({ variant: 'none', bytes: 8, transit: spread(250) });
  const sized = measured({ variant: 'fixed', transit: spread(900) });
  t.is(row([bare, sized]).latency, 'u2k 900 transit at 1,024 B (fixed)');
  t.is(row([bare]).latency, 'u2k 250 transit at 8 B (none)', 'where there is no other');
  const partial = measured({ variant: 'sums', transit: null });
  t.is(
    row([partial, bare]).latency,
    'u2k 250 transit at 8 B (none)',
    'what covers more goes before any size',
  );
});

test('extensibility and portability name each outcome once, and a table behind them what was seen', (t) => {
  const findings: Finding[] = [
    {
      about: 'extensibility',
      mechanism: 'chardev',
      subject: 'read',
      says: 'truncated',
      outcome: 'silently wrong',
    },
    { about: 'portability', mechanism: 'chardev', subject: 'write', says: 'same bytes', outcome: 'works' },
    { about: 'portability', mechanism: 'chardev', subject: 'read', says: 'same bytes', outcome: 'works' },
  ];
  const { extensibility, portability } = row([], findings);
  t.deepEqual([extensibility, portability], ['silently wrong', 'works']);
  t.deepEqual(
    parameterDetails(group({ findings })).map(({ title, table }) => [title, table.rows]),
    [
      ['Extensibility: a message with one more field', [['chardev', 'read', 'silently wrong', 'truncated']]],
      [
        'Portability: a 32-bit program against the 64-bit kernel',
        [
          ['chardev', 'write', 'works', 'same bytes'],
          ['chardev', 'read', 'works', 'same bytes'],
        ],
      ],
    ],
  );
});

test('what was not measured is a dash', (t) => {
  t.deepEqual(row([measured({ send: null, receive: null, transit: null })]), {
    signalling: '—',
    transfers: '—',
    latency: '—',
    extensibility: '—',
    portability: '—',
  });
});
