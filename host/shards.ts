// Which cells each of several machines runs. Pure: all that are given the same cells come to the same answer.
import { RingcrossError } from '../vm/errors.ts';

/** One of `of` parts of a plan, counted from 1. */
export interface Shard {
  index: number;
  of: number;
}

export const wholePlan: Shard = { index: 1, of: 1 };

/** `2/3`. Errors: USAGE. */
export const parseShard = (text: string): Shard => {
  const [, index = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (index < 1 || index > of)
    throw new RingcrossError('USAGE', `expected a shard such as 1/3 or 3/3, but got ${JSON.stringify(text)}`);
  return { index, of };
};

/** A cell by what it costs. */
export interface Weighed {
  id: string;
  kernel: string;
  ms: number;
}

/**
 * Each cell in exactly one of `of` shards, within a shard in the order given, which makes no difference otherwise. A
 * shard's first cell of a kernel costs that kernel's build too. Of two partitions the one whose longest shard is shorter,
 * the first where they are equal: whole kernels, of which cells are taken only where that makes the longest shard
 * shorter; and cell by cell, after Graham's rule (LPT), by which without builds the longest shard takes at most 4/3 of
 * what it would in the best of all partitions.
 */
export const partition = <T extends Weighed>(
  cells: readonly T[],
  of: number,
  buildMs: ReadonlyMap<string, number>,
): T[][] => {
  const buildOf = (kernel: string): number => buildMs.get(kernel) ?? 0;
  const longestFirst = cells.toSorted(
    // By code units: a locale's order would differ between machines.
    (a, b) => b.ms - a.ms || (a.id < b.id ? -1 : 1),
  );
  const [together, apart] = [byKernel(longestFirst, of, buildOf), byCell(longestFirst, of, buildOf)];
  const best = longest(together).ms <= longest(apart).ms ? together : apart;
  return best.map(({ holds }) => cells.filter(({ id }) => holds.has(id)));
};

type BuildOf = (kernel: string) => number;

/** A shard while it is being filled. */
interface Load {
  ms: number;
  holds: Map<string, Weighed>;
}

const emptyLoads = (of: number): Load[] => Array.from({ length: of }, () => ({ ms: 0, holds: new Map() }));

const hasKernel = ({ holds }: Load, kernel: string): boolean =>
  holds.values().some((cell) => cell.kernel === kernel);

const costIn = (load: Load, { kernel, ms }: Weighed, buildOf: BuildOf): number =>
  ms + (hasKernel(load, kernel) ? 0 : buildOf(kernel));

const put = (load: Load, cell: Weighed, buildOf: BuildOf): void => {
  load.ms += costIn(load, cell, buildOf);
  load.holds.set(cell.id, cell);
};

const take = (load: Load, cell: Weighed, buildOf: BuildOf): void => {
  load.holds.delete(cell.id);
  load.ms -= costIn(load, cell, buildOf);
};

/** The first of those with the least. */
const leastBy = <T>(items: readonly T[], of: (item: T) => number): T => {
  const [first, ...others] = items;
  if (first === undefined) throw new RangeError('expected at least one shard');
  return others.reduce((least, item) => (of(item) < of(least) ? item : least), first);
};

const longest = (loads: readonly Load[]): Load => leastBy(loads, ({ ms }) => -ms);

/** Each cell to the shard that would then be done first. */
const byCell = (longestFirst: readonly Weighed[], of: number, buildOf: BuildOf): Load[] => {
  const loads = emptyLoads(of);
  for (const cell of longestFirst)
    put(
      leastBy(loads, (load) => load.ms + costIn(load, cell, buildOf)),
      cell,
      buildOf,
    );
  return loads;
};

/** Each kernel to the shard that is done first, the longest before; then cells move from the longest shard as long as that helps. */
const byKernel = (longestFirst: readonly Weighed[], of: number, buildOf: BuildOf): Load[] => {
  const loads = emptyLoads(of);
  const kernels = [...Map.groupBy(longestFirst, ({ kernel }) => kernel)]
    .map(([name, own]) => ({ name, own, ms: own.reduce((sum, { ms }) => sum + ms, buildOf(name)) }))
    .toSorted((a, b) => b.ms - a.ms || (a.name < b.name ? -1 : 1));
  for (const { own } of kernels) {
    const load = leastBy(loads, ({ ms }) => ms);
    for (const cell of own) put(load, cell, buildOf);
  }
  // Each move leaves two shards that are both shorter than the longest was, so there is an end to them.
  for (let move = bestMove(loads, buildOf); move !== null; move = bestMove(loads, buildOf)) {
    take(move.from, move.cell, buildOf);
    put(move.to, move.cell, buildOf);
  }
  return loads;
};

/** What makes the longest shard shorter and no other one as long; null where nothing does. */
const bestMove = (loads: readonly Load[], buildOf: BuildOf) => {
  const from = longest(loads);
  let best: { from: Load; to: Load; cell: Weighed; peak: number } | null = null;
  for (const cell of from.holds.values()) {
    const isLast = ![...from.holds.values()].some((one) => one !== cell && one.kernel === cell.kernel);
    const left = from.ms - cell.ms - (isLast ? buildOf(cell.kernel) : 0);
    for (const to of loads) {
      if (to === from) continue;
      const peak = Math.max(left, to.ms + costIn(to, cell, buildOf));
      if (peak < (best?.peak ?? from.ms)) best = { from, to, cell, peak };
    }
  }
  return best;
};
