import test from 'ava';
import { parseShard, partition, type Weighed } from './shards.ts';

const cell = (id: string, ms: number, kernel = 'k'): Weighed => ({ id, kernel, ms });
const idsOf = (shards: Weighed[][]): string[][] => shards.map((shard) => shard.map(({ id }) => id));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const longest = (shards: Weighed[][]): number =>
  Math.max(...shards.map((shard) => sum(shard.map(({ ms }) => ms))));

/** Numbers that look random and are the same in every run (a linear congruential generator). */
const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const randomPlan = (seed: number, most: number) => {
  const next = numbers(seed);
  const cells = Array.from({ length: 1 + next(most) }, (_, index) =>
    cell(`c${index}`, next(100), `k${next(4)}`),
  );
  const builds = new Map(['k0', 'k1', 'k2', 'k3'].map((kernel) => [kernel, next(300)]));
  return { cells, builds, of: 1 + next(5), next };
};

test('a shard is a number of a number', (t) => {
  t.deepEqual(parseShard('2/3'), { index: 2, of: 3 });
  for (const wrong of ['0/2', '3/2', '1', '1/', '/2', '-1/2', '1/2/3', '1.5/2', ' 1/2', '1/0', 'a/b'])
    t.throws(() => parseShard(wrong), { code: 'USAGE', message: /expected a shard such as 1\/3/ }, wrong);
});

test('cells of one kernel are balanced', (t) => {
  const cells = [cell('a', 2), cell('b', 3), cell('c', 5), cell('d', 4)];
  t.deepEqual(
    partition(cells, 2, new Map()).map((shard) => sum(shard.map(({ ms }) => ms))),
    [7, 7],
  );
});

test('equal times are told apart by name', (t) => {
  const cells = [cell('b', 1), cell('a', 1), cell('c', 1)];
  t.deepEqual(idsOf(partition(cells, 3, new Map())), [['c'], ['a'], ['b']]);
});

test('a kernel is not built twice where that takes longer than its cells', (t) => {
  const cells = ['a', 'b', 'c', 'd'].flatMap((id) => [cell(`x-${id}`, 10, 'x'), cell(`y-${id}`, 10, 'y')]);
  const builds = new Map([
    ['x', 100],
    ['y', 100],
  ]);
  t.deepEqual(
    partition(cells, 2, builds).map((shard) => new Set(shard.map(({ kernel }) => kernel)).size),
    [1, 1],
  );
});

test('a kernel is built twice where the balance asks for it', (t) => {
  const cells = Array.from({ length: 10 }, (_, index) => cell(`c${index}`, 100));
  t.deepEqual(
    partition(cells, 2, new Map([['k', 50]])).map(({ length }) => length),
    [5, 5],
  );
});

test('kernels stay whole where the balance allows it, also without a build', (t) => {
  const cells = [cell('a', 9, 'y'), cell('b', 5, 'x'), cell('c', 4, 'x')];
  t.deepEqual(idsOf(partition(cells, 2, new Map())), [['b', 'c'], ['a']]);
});

test('more shards than cells leaves some with nothing to do', (t) => {
  t.deepEqual(idsOf(partition([cell('a', 1)], 3, new Map())), [['a'], [], []]);
});

test('every cell is in exactly one shard, in the order of the plan', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const { cells, builds, of } = randomPlan(seed, 40);
    const shards = partition(cells, of, builds);
    t.is(shards.length, of);
    t.deepEqual(
      shards.flatMap((shard) => shard.map(({ id }) => id)).sort(),
      cells.map(({ id }) => id).sort(),
    );
    for (const shard of shards)
      t.deepEqual(
        shard,
        cells.filter((one) => shard.includes(one)),
      );
  }
});

test('the order in which cells are given makes no difference', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const { cells, builds, of, next } = randomPlan(seed, 40);
    const shuffled = cells
      .map((one) => ({ one, key: next(1_000_000) }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ one }) => one);
    t.deepEqual(
      idsOf(partition(shuffled, of, builds)).map((ids) => ids.toSorted()),
      idsOf(partition(cells, of, builds)).map((ids) => ids.toSorted()),
    );
  }
});

test('the longest shard takes no longer than if every kernel were built in one shard alone', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const { cells, builds, of } = randomPlan(seed, 40);
    const costs = (shard: readonly Weighed[]): number =>
      sum(shard.map(({ ms }) => ms)) +
      sum([...new Set(shard.map(({ kernel }) => kernel))].map((kernel) => builds.get(kernel) ?? 0));
    const kernels = [...Map.groupBy(cells, ({ kernel }) => kernel).values()].map(costs);
    const most = Math.max(...partition(cells, of, builds).map(costs));
    t.true(most <= optimum(kernels, of) * (4 / 3 - 1 / (3 * of)) + 1e-9, `seed ${seed}`);
    t.true(most >= Math.max(...cells.map((one) => costs([one]))));
  }
});

test('without builds the longest shard takes at most 4/3 - 1/(3n) of what is possible', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const next = numbers(seed);
    const of = 2 + next(2);
    const cells = Array.from({ length: 1 + next(8) }, (_, index) => cell(`c${index}`, 1 + next(30)));
    const least = optimum(
      cells.map(({ ms }) => ms),
      of,
    );
    t.true(longest(partition(cells, of, new Map())) <= least * (4 / 3 - 1 / (3 * of)) + 1e-9, `seed ${seed}`);
  }
});

/** The shortest longest shard, by trying every partition. */
const optimum = (times: readonly number[], of: number): number => {
  const loads = Array<number>(of).fill(0);
  const place = (index: number): number => {
    const ms = times[index];
    if (ms === undefined) return Math.max(...loads);
    return Math.min(
      ...loads.map((load, shard) => {
        loads[shard] = load + ms;
        const least = place(index + 1);
        loads[shard] = load;
        return least;
      }),
    );
  };
  return place(0);
};
