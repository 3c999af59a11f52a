import test from 'ava';
import type { CaseResult, Results } from '../run/results.ts';
import { differences, exactFigures } from './repeat.ts';

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

const results = (...cases: CaseResult[]): Results => ({
  schema: 1,
  run: 'one',
  cells: [
    {
      kernel: '6.12',
      release: '6.12.117',
      lens: 'instructions',
      spec: 'pipe',
      outcome: 'passed',
      bootMs: 1,
      ms: 2,
      tests: [],
      findings: [],
      cases,
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
  t.false(exactFigures.includes('send p99'));
  t.true(exactFigures.includes('send p50'));
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
