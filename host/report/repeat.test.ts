import test from 'ava';
import { accounted, lost } from '../run/fixtures/accounted.ts';
import type { AccountResult, CaseResult, Results } from '../run/results.ts';
import { type Difference, differences, mustRepeat, repetitionSection } from './repeat.ts';

const spread = (p50: number, p99 = p50) => ({
  n: 1000,
  min: p50,
  p50,
  p90: p50,
  p99,
  p999: p99,
  max: p99,
  mean: p50,
});

const oneCase = (over: Partial<CaseResult>): CaseResult => ({
  mechanism: 'pipe',
  direction: 'u2u',
  variant: 'blocking',
  bytes: 1024,
  sent: 1000,
  received: 1000,
  lost: 0,
  unit: 'instructions',
  overhead: 4,
  kernelOverhead: null,
  faults: 0,
  send: null,
  receive: null,
  transit: null,
  stream: null,
  throughput: { bytesPerTick: null, bytesPerSecond: null },
  ...over,
});

const results = (...cases: CaseResult[]): Results => withAccounts(cases, []);

const withAccounts = (cases: CaseResult[], accounts: AccountResult[]): Results => ({
  schema: 1,
  run: 'one',
  cells: [
    {
      kernel: '6.12',
      release: '6.12.117',
      lens: 'instructions',
      spec: 'pipe',
      outcome: 'passed',
      start: null,
      bootMs: 1,
      ms: 2,
      tests: [],
      findings: [],
      cases,
      accounts,
    },
  ],
});

test('the same figures are no difference', (t) => {
  const once = results(oneCase({ send: spread(1008), transit: spread(2000) }));
  t.deepEqual(differences(once, structuredClone(once)), []);
});

test('a difference is told with its case, its figure and both values', (t) => {
  const first = results(oneCase({ send: spread(1008, 1100), transit: spread(2000) }));
  const second = results(oneCase({ send: spread(1008, 1200), transit: spread(2000) }));
  t.deepEqual(differences(first, second), [
    { case: '6.12 instructions pipe u2u blocking 1024 B', figure: 'send p99', first: 1100, second: 1200 },
  ]);
});

test('a case or a column that one run lacks is a difference', (t) => {
  const first = results(
    oneCase({ send: spread(1008) }),
    oneCase({ variant: 'alternating', send: spread(7) }),
  );
  const second = results(oneCase({ receive: spread(900) }));
  t.deepEqual(
    differences(first, second).map(({ figure, first, second }) => [figure, first, second]),
    [
      ['send p50', 1008, null],
      ['send p90', 1008, null],
      ['send p99', 1008, null],
      ['receive p50', null, 900],
      ['receive p90', null, 900],
      ['receive p99', null, 900],
      ['send p50', 7, null],
      ['send p90', 7, null],
      ['send p99', 7, null],
    ],
  );
});

test('the mean of a stream is a figure', (t) => {
  const stream = (mean: number) => results(oneCase({ stream: { messages: 10, ticks: mean * 10, mean } }));
  t.deepEqual(
    differences(stream(2), stream(3)).map(({ figure }) => figure),
    ['stream mean'],
  );
});

/** Of two runs with one account each, that of `changes` the second. */
const accountDifferences = (first: AccountResult, changes: Partial<AccountResult>): Difference[] =>
  differences(withAccounts([], [first]), withAccounts([], [accounted({ ...first, ...changes })]));

const overrun = accounted({
  buffer: { size: 4096, unit: 'bytes', capacity: 5 },
  load: { periodNs: 500, serviceNs: 1000 },
  losses: [lost(6, 2, 'receiver', 'ENOBUFS'), lost(9, 1), lost(11, 4)],
  notices: [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: 340 }],
  ticks: 9000,
});

test('the same account is no difference; one that a run lacks differs in all it has', (t) => {
  t.deepEqual(accountDifferences(overrun, {}), []);
  const found = differences(withAccounts([], [overrun]), withAccounts([], []));
  t.true(found.every(({ first, second }) => first !== null && second === null));
  t.deepEqual(
    found.map(({ figure }) => figure),
    [
      ...['offered', 'received', 'duplicated', 'corrupted', 'reordered', 'lost', 'loss 1'],
      ...[
        'sent again',
        'recognised',
        'ENOBUFS to the receiver',
        'ticks to the first ENOBUFS to the receiver',
      ],
      'ticks',
    ],
  );
});

test('a loss differs by its number, its length, and by who learned of it; only the first is told', (t) => {
  const name =
    '6.12 instructions account of netlink k2u unicast 64 B, buffer 4,096 B, period 500 ns, service 1000 ns';
  const moved = [lost(6, 2, 'receiver', 'ENOBUFS'), lost(10, 1), lost(12, 4)];
  t.deepEqual(accountDifferences(overrun, { losses: moved }), [
    {
      case: name,
      figure: 'loss 2',
      first: '1 from 9 on, told: nobody',
      second: '1 from 10 on, told: nobody',
    },
  ]);
  const told = [lost(6, 2, 'sender', 'EAGAIN'), lost(9, 1), lost(11, 4)];
  t.deepEqual(
    accountDifferences(overrun, { losses: told }).map(({ figure, second }) => [figure, second]),
    [['loss 1', '2 from 6 on, told: sender (EAGAIN)']],
  );
  const fewer = [lost(6, 2, 'receiver', 'ENOBUFS'), lost(9, 1)];
  t.deepEqual(
    accountDifferences(overrun, { losses: fewer, received: 997 }).map(({ figure, first, second }) => [
      figure,
      first,
      second,
    ]),
    [
      ['received', 993, 997],
      ['lost', 7, 3],
      ['loss 3', '4 from 11 on, told: nobody', null],
    ],
  );
});

test('of two accounts of one name neither is left out', (t) => {
  const twice = (duplicated: number) => withAccounts([], [overrun, { ...overrun, duplicated }]);
  t.deepEqual(
    differences(twice(0), twice(1)).map(({ case: name, figure }) => [name.slice(-3), figure]),
    [['(2)', 'duplicated']],
  );
});

test('a median and what became of a message must repeat; a tail, a mean and the ticks of an account need not', (t) => {
  const exact = [
    'send p50',
    'transit p90',
    'received',
    'duplicated',
    'corrupted',
    'lost',
    'loss 1',
    'loss 12',
  ];
  const loose = ['send p99', 'stream mean', 'ticks', 'sent again', 'ENOBUFS to the receiver'];
  t.deepEqual(
    [...exact, ...loose].filter((figure) => mustRepeat({ figure })),
    exact,
  );
});

test('the section lists what differs with both values, and says so where nothing does', (t) => {
  t.regex(repetitionSection([]), /^## What the second run gave otherwise\n[^|]*Nothing: [^|]*$/);
  const section = repetitionSection([
    { case: 'x', figure: 'send p99', first: 1100, second: 12000.5 },
    { case: 'y', figure: 'loss 1', first: '1 from 9 on, told: nobody', second: null },
  ]);
  t.regex(section, /^\| x +\| send p99 +\| +1,100 +\| +12,000\.5 \|$/m);
  t.regex(section, /^\| y +\| loss 1 +\| +1 from 9 on, told: nobody \| +— \|$/m);
});
