import test from 'ava';
import { type Made, ownCells, planChanges, planDigest, type WholePlan } from './plan-record.ts';

const digest = (letter: string): string => letter.repeat(64);

const plan: WholePlan & Made = {
  cells: ['a', 'b'].map((spec) => ({
    cell: `6.12-emulated-${spec}`,
    kernel: '6.12',
    lens: 'emulated',
    spec,
    ms: 100,
  })),
  kernels: [{ name: '6.12', request: digest('1') }],
  specs: [
    { name: 'a', sha256: digest('a') },
    { name: 'b', sha256: digest('b') },
  ],
  settings: { messages: null, silenceMs: null, memoryMiB: 1024, isCold: false },
  ringcross: { version: '0.1.0', commit: 'c0ffee' },
  images: { root: digest('2'), agent: digest('3') },
};

test('a digest is of everything that shards share, and of nothing else', (t) => {
  const { cells, kernels, specs, settings } = plan;
  t.is(planDigest(plan), planDigest({ settings, specs, kernels, cells }));
  const others: Partial<WholePlan>[] = [
    { cells: cells.toReversed() },
    { cells: cells.map((cell) => ({ ...cell, ms: 101 })) },
    { kernels: [{ name: '6.12', request: digest('f') }] },
    { specs: specs.toReversed() },
    { settings: { ...settings, messages: 5 } },
  ];
  const digests = others.map((other) => planDigest({ ...plan, ...other }));
  t.is(new Set([...digests, planDigest(plan)]).size, others.length + 1);
});

test('cells of a shard stand in the plan’s order', (t) => {
  const own = plan.cells.map(({ cell }) => cell).toReversed();
  t.deepEqual(ownCells({ cells: plan.cells, own }), plan.cells);
  t.deepEqual(ownCells({ cells: plan.cells, own: [] }), []);
});

test('what has changed is said by name, what weighs otherwise is none', (t) => {
  const changes = (now: Partial<WholePlan & Made>) => planChanges(plan, { ...plan, ...now });
  t.deepEqual(changes({ cells: plan.cells.map((cell) => ({ ...cell, ms: 7 })) }), []);
  t.deepEqual(changes({ specs: [...plan.specs, { name: 'new', sha256: digest('e') }] }), []);
  t.deepEqual(changes({ kernels: [{ name: '6.12', request: digest('f') }] }), [
    'kernel 6.12 (source, options or compiler): it was 111111111111, and now is ffffffffffff',
  ]);
  t.deepEqual(changes({ specs: plan.specs.slice(0, 1) }), [
    'spec b (or its modules): it was bbbbbbbbbbbb, and now is gone',
  ]);
  t.deepEqual(changes({ settings: { ...plan.settings, memoryMiB: 512 } }), [
    'memoryMiB: it was 1024, and now is 512',
  ]);
  t.deepEqual(changes({ ringcross: { version: '0.1.0', commit: 'c0ffee-dirty' } }), [
    'ringcross: it was 0.1.0, c0ffee, and now is 0.1.0, c0ffee-dirty',
  ]);
  t.deepEqual(changes({ images: { root: digest('2'), agent: digest('4') } }), [
    'the agent image: it was 333333333333, and now is 444444444444',
  ]);
  t.deepEqual(changes({ cells: plan.cells.slice(1) }), ['cells that are no longer planned: 6.12-emulated-a']);
});
