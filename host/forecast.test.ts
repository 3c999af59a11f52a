import test from 'ava';
import { buildOrder, forecast, forecastLines, kernelMs, type WeighedCell } from './forecast.ts';
import type { KernelPreview } from './kernel/index.ts';
import type { BuiltKernel } from './kernel/store.ts';
import { wholePlan } from './shards.ts';

const cached = {} as BuiltKernel;

const kernel = (name: string, built?: BuiltKernel): KernelPreview => ({
  name,
  version: `${name}.1`,
  request: '',
  steps: 1000,
  built,
});

const cell = (name: string, ms: number, changes: Partial<WeighedCell> = {}): WeighedCell => ({
  id: `6.12-emulated-${name}`,
  kernel: '6.12',
  lens: 'emulated',
  spec: {
    name,
    path: '',
    needs: { config: [], modules: [], cmdline: '', cpus: 1, cpuFeatures: [], kernel: '*' },
    titles: [],
    isolated: [],
    loadError: null,
  },
  skip: null,
  ms,
  isRecorded: true,
  ...changes,
});

const of = (own: WeighedCell[], kernels: KernelPreview[], jobs = 1) =>
  forecast({ cells: own, own, kernels, shard: wholePlan, jobs });

test('guests at once divide the time, and a cell that is skipped takes none', (t) => {
  const cells = [cell('a', 1000), cell('b', 1000), cell('c', 500), cell('d', 9000, { skip: 'needs 2 CPUs' })];
  t.is(of(cells, [kernel('6.12', cached)]).waitMs, 2500);
  t.is(of(cells, [kernel('6.12', cached)], 2).waitMs, 1500);
});

test('cells of a kernel that is there run while another is built', (t) => {
  const cells = [cell('a', 5000, { kernel: '5.10' }), cell('b', 5000)];
  const kernels = [kernel('5.10'), kernel('6.12', cached)];
  t.is(of(cells, kernels).waitMs, kernelMs({ steps: 1000 }) + 5000);
  t.deepEqual(
    buildOrder(kernels).map(({ name }) => name),
    ['6.12', '5.10'],
  );
});

test('what measures time waits for everything else', (t) => {
  const cells = [cell('a', 1000), cell('b', 2000, { lens: 'cycles' }), cell('c', 3000, { lens: 'cycles' })];
  t.is(of(cells, [kernel('6.12', cached)], 4).waitMs, 6000);
});

test('kernels of other shards are not this one’s to build', (t) => {
  const own = [cell('a', 1000)];
  const plan = forecast({
    cells: [...own, cell('b', 3000, { kernel: '5.10' })],
    own,
    kernels: [kernel('5.10'), kernel('6.12', cached)],
    shard: { index: 2, of: 3 },
    jobs: 2,
  });
  t.deepEqual(
    plan.kernels.map(({ name }) => name),
    ['6.12'],
  );
  t.deepEqual(forecastLines(plan), [
    'plan: 2 cells: 2 specs, 1 lens',
    'shard 2/3: 1 of 2 cells, 25 % of their time',
    'kernels in the cache: 6.12',
    'time: about 1 s, 2 guests at once',
  ]);
});

test('a person reads what is built, what is skipped, and what the time is a guess of', (t) => {
  const cells = [cell('a', 1000, { isRecorded: false }), cell('b', 1, { skip: 'needs 2 CPUs' })];
  t.deepEqual(forecastLines(of(cells, [kernel('6.12')])), [
    'plan: 2 cells: 2 specs, 1 lens',
    'of them 1 will be skipped, the first because it needs 2 CPUs',
    'kernel to build: 6.12 (6.12.1), about 1000 steps, 2 min',
    'time: about 2 min, 1 guest at once; 1 cell without a recorded time (npx ringcross run --record-times)',
  ]);
});

test('an empty shard takes no time', (t) => {
  const plan = forecast({
    cells: [cell('a', 0)],
    own: [],
    kernels: [kernel('6.12')],
    shard: { index: 2, of: 2 },
    jobs: 1,
  });
  t.is(plan.waitMs, 0);
  t.deepEqual(forecastLines(plan), [
    'plan: 1 cell: 1 spec, 1 lens',
    'shard 2/2: 0 of 1 cell',
    'time: about 0 s, 1 guest at once',
  ]);
});
