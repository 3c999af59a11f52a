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
    {
      case: '6.12 instructions pipe u2u blocking 1024 B',
      series: null,
      figure: 'send p99',
      first: 1100,
      second: 1200,
    },
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
      series: '6.12 instructions netlink k2u unicast',
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

/** A figure of a case, or of an account of a series. */
const differs = (
  figure: string,
  first: Difference['first'],
  second: Difference['second'],
  series: string | null = null,
): Difference => ({ case: 'x', series, figure, first, second });

/** Of each table of a section its rows. */
const tablesOf = (found: Difference[]): string[][][] =>
  repetitionSection(found)
    .split('\n\n')
    .filter((part) => part.startsWith('|'))
    .map((table) =>
      table
        .split('\n')
        .slice(2)
        .map((line) =>
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        ),
    );

test('the section lists what differs with both values, and says so where nothing does', (t) => {
  t.regex(repetitionSection([]), /^## What the second run gave otherwise\n[^|]*Nothing: [^|]*$/);
  t.deepEqual(
    tablesOf([differs('send p99', 1100, 12000.5), differs('loss 1', '1 from 9 on, told: nobody', null)]),
    [
      [
        ['x', 'send p99', '1,100', '12,000.5'],
        ['x', 'loss 1', '1 from 9 on, told: nobody', '—'],
      ],
    ],
  );
});

test('it says that what must repeat did, where it did', (t) => {
  const says = /^Both runs have the same medians and ninetieth percentiles, and the same became of every/m;
  t.regex(repetitionSection([differs('send p99', 1, 2)]), says);
  t.notRegex(repetitionSection([differs('send p99', 1, 2), differs('send p50', 1, 2)]), says);
  t.notRegex(repetitionSection([]), says);
});

test('ticks of accounts have one line a series and figure, with the largest difference', (t) => {
  t.deepEqual(
    tablesOf([
      differs('ticks', 100_000, 100_001, 'unicast'),
      differs('ticks', 1000, 1005, 'unicast'),
      differs('ticks', 2_000_000, 2_000_100, 'unicast'),
      differs('ticks to the first ENOBUFS to the receiver', 0, 7, 'unicast'),
      differs('ticks', 200_000, 199_000, 'window'),
    ]),
    [
      [
        ['unicast', 'ticks', '3', '0.5 %', '1,000', '1,005'],
        ['unicast', 'ticks to the first ENOBUFS to the receiver', '1', '100 %', '0', '7'],
        ['window', 'ticks', '1', '0.5 %', '200,000', '199,000'],
      ],
    ],
  );
  t.is(tablesOf([differs('ticks', 63_705_691, 63_705_536, 'x')])[0]?.[0]?.[3], '0.00024 %');
});

test('a figure of a case, a count of an account, and ticks that one run lacks are listed singly', (t) => {
  const single = [
    differs('stream mean', 2, 3),
    differs('sent again', 4, 5, 'unicast'),
    differs('received', 4, 5, 'unicast'),
    differs('ticks', 9000, null, 'unicast'),
  ];
  t.deepEqual(tablesOf(single), [
    [
      ['x', 'stream mean', '2', '3'],
      ['x', 'sent again', '4', '5'],
      ['x', 'received', '4', '5'],
      ['x', 'ticks', '9,000', '—'],
    ],
  ]);
});

test('experiments of one series differ in buffer, load, window and in what is broken on purpose', (t) => {
  const series = (changes: Partial<AccountResult>) =>
    accountDifferences(accounted({ ticks: 1, ...changes }), { ticks: 2 }).map((one) => one.series);
  const windows = [
    { variant: 'window', window: 1 },
    { variant: 'window', window: 8, buffer: overrun.buffer },
    { variant: 'window, 1 % of ACKs dropped', window: 16 },
  ];
  t.deepEqual(windows.flatMap(series), Array(3).fill('6.12 instructions netlink k2u window'));
  t.deepEqual(series({ direction: 'u2u' }), ['6.12 instructions netlink u2u unicast']);
  t.deepEqual(series({ mechanism: 'relay' }), ['6.12 instructions relay k2u unicast']);
});
