// When kernels are built and cells run. Builds use every CPU, so there is one at a time; meanwhile the cells of kernels that
// are there run, except those that measure time: they run alone, after everything else.
import { inParallel } from '../in-parallel.ts';
import type { Cell } from '../plan.ts';

export interface Schedule<C extends Pick<Cell, 'kernel' | 'lens'>, K> {
  /** Names in the order in which they are built; of each cell's kernel. */
  kernels: readonly string[];
  cells: readonly C[];
  /** Cells at once. */
  jobs: number;
  /** Raised when nobody waits for the kernel any more. */
  build: (name: string, signal: AbortSignal) => Promise<K>;
  /** `kernel` rejects where it could not be built: that is for the cell to tell. */
  run: (cell: C, kernel: Promise<K>) => Promise<void>;
  /** Runs the cells that measure time, as one piece of work. */
  alone: (work: () => Promise<unknown>) => Promise<unknown>;
}

/** Returns when all cells have run and no build goes on. Errors: the first of `run`, after those under way have ended. */
export const runSchedule = async <C extends Pick<Cell, 'kernel' | 'lens'>, K>(
  schedule: Schedule<C, K>,
): Promise<void> => {
  const { kernels, cells, jobs, run, alone } = schedule;
  const stop = new AbortController();
  const ready = inTurn(kernels, (name) => schedule.build(name, stop.signal));
  const runOne = (cell: C): Promise<void> => {
    const kernel = ready.get(cell.kernel);
    if (kernel === undefined) throw new Error(`bug: nobody builds kernel ${cell.kernel}`);
    return run(cell, kernel);
  };
  try {
    // In the order of the builds: whoever waits for the first cell's kernel waits for the one that comes first.
    const shared = kernels.flatMap((name) =>
      cells.filter(({ kernel, lens }) => kernel === name && lens !== 'cycles'),
    );
    await inParallel(jobs, shared, runOne);
    await Promise.allSettled(ready.values());
    const timed = cells.filter(({ lens }) => lens === 'cycles');
    if (timed.length > 0) await alone(() => inParallel(1, timed, runOne));
  } finally {
    stop.abort();
    await Promise.allSettled(ready.values());
  }
};

/** Each when the one before it has ended, however it did. */
const inTurn = <K>(
  names: readonly string[],
  build: (name: string) => Promise<K>,
): ReadonlyMap<string, Promise<K>> => {
  const builds = new Map<string, Promise<K>>();
  let before: Promise<unknown> = Promise.resolve();
  for (const name of names) {
    const built = before.then(() => build(name));
    before = built.catch(() => {});
    builds.set(name, built);
  }
  return builds;
};
