// What a run is going to cost, for whoever is about to wait for it. Pure.
import type { KernelPreview } from './kernel/index.ts';
import type { Cell } from './plan.ts';
import type { Shard } from './shards.ts';
import type { Estimate } from './times.ts';

export type WeighedCell = Cell & Estimate;

export interface Forecast {
  shard: Shard;
  /** Of all shards together. */
  cells: number;
  /** Of the shard, in the plan's order. */
  own: string[];
  /** Of all shards together, by lens and spec. */
  lenses: number;
  specs: number;
  /** Those of the shard's cells of which it is known already that they cannot run. */
  skipped: { cell: string; reason: string }[];
  /** Those of the shard's cells that nobody has recorded a time of: theirs is an estimate. */
  unrecorded: number;
  kernels: { name: string; version: string; isCached: boolean; steps: number; buildMs: number }[];
  jobs: number;
  /** Guests' time of the shard's cells, and of all, builds left out. */
  cellMs: number;
  totalMs: number;
  /** How long the shard takes on this machine, with what it has in its cache. */
  waitMs: number;
}

/** A step of make on two cores of a small machine, milliseconds: 6.12 took 180 s for 1396 of them. */
const stepMs = 130;

export const kernelMs = ({ steps }: Pick<KernelPreview, 'steps'>): number => steps * stepMs;

export interface Planned {
  cells: readonly WeighedCell[];
  own: readonly WeighedCell[];
  kernels: readonly KernelPreview[];
  shard: Shard;
  jobs: number;
}

export const forecast = ({ cells, own, kernels, shard, jobs }: Planned): Forecast => {
  const wanted = kernels.filter(({ name }) => own.some(({ kernel }) => kernel === name));
  return {
    shard,
    cells: cells.length,
    own: own.map(({ id }) => id),
    lenses: new Set(cells.map(({ lens }) => lens)).size,
    specs: new Set(cells.map(({ spec }) => spec.name)).size,
    skipped: own.flatMap(({ id, skip }) => (skip === null ? [] : [{ cell: id, reason: skip }])),
    unrecorded: own.filter(({ isRecorded, skip }) => !isRecorded && skip === null).length,
    kernels: wanted.map((kernel) => ({
      name: kernel.name,
      version: kernel.version,
      isCached: kernel.built !== undefined,
      steps: kernel.steps,
      buildMs: kernel.built === undefined ? kernelMs(kernel) : 0,
    })),
    jobs,
    cellMs: sum(own),
    totalMs: sum(cells),
    waitMs: waitMs(own, wanted, jobs),
  };
};

const cost = ({ ms, skip }: WeighedCell): number => (skip === null ? ms : 0);

const sum = (cells: readonly WeighedCell[]): number => cells.reduce((total, cell) => total + cost(cell), 0);

/** Kernels of the cache first: their cells run while the others are built. What is equal stays in its order. */
export const buildOrder = <T extends Pick<KernelPreview, 'built'>>(kernels: readonly T[]): T[] => [
  ...kernels.filter(({ built }) => built !== undefined),
  ...kernels.filter(({ built }) => built === undefined),
];

/**
 * As a run goes: kernels one after the other, cells `jobs` at once when theirs is ready, and those that measure time
 * alone when all else is done.
 */
const waitMs = (own: readonly WeighedCell[], kernels: readonly KernelPreview[], jobs: number): number => {
  const free = Array<number>(jobs).fill(0);
  let ready = 0;
  for (const kernel of buildOrder(kernels)) {
    if (kernel.built === undefined) ready += kernelMs(kernel);
    for (const cell of own) {
      if (cell.kernel !== kernel.name || cell.lens === 'cycles') continue;
      const soonest = free.indexOf(Math.min(...free));
      free[soonest] = Math.max(free[soonest] ?? 0, ready) + cost(cell);
    }
  }
  return Math.max(ready, ...free) + sum(own.filter(({ lens }) => lens === 'cycles'));
};

/** For a person: a line for each thing that they would ask. */
export const forecastLines = (plan: Forecast): string[] => {
  const { shard, kernels } = plan;
  const toBuild = kernels.filter(({ isCached }) => !isCached);
  const cached = kernels.filter(({ isCached }) => isCached);
  const named = (list: readonly { name: string }[]): string => list.map(({ name }) => name).join(', ');
  const share =
    plan.totalMs === 0 ? '' : `, ${Math.round((plan.cellMs / plan.totalMs) * 100)} % of their time`;
  return [
    `plan: ${count(plan.cells, 'cell')}: ${count(plan.specs, 'spec')}, ${count(plan.lenses, 'lens', 'lenses')}`,
    ...(shard.of === 1
      ? []
      : [`shard ${shard.index}/${shard.of}: ${plan.own.length} of ${count(plan.cells, 'cell')}${share}`]),
    ...(plan.skipped.length === 0
      ? []
      : [`of them ${plan.skipped.length} will be skipped, the first because it ${plan.skipped[0]?.reason}`]),
    ...(cached.length === 0 ? [] : [`kernels in the cache: ${named(cached)}`]),
    ...toBuild.map(({ name, version, steps, buildMs }) =>
      steps === 0
        ? `kernel to fetch: ${name} (${version}), as shipped`
        : `kernel to build: ${name} (${version}), about ${steps} steps, ${duration(buildMs)}`,
    ),
    `time: about ${duration(plan.waitMs)}, ${count(plan.jobs, 'guest')} at once${unrecordedNote(plan)}`,
  ];
};

const unrecordedNote = ({ unrecorded }: Forecast): string =>
  unrecorded === 0
    ? ''
    : `; ${count(unrecorded, 'cell')} without a recorded time (npx ringcross run --record-times)`;

const count = (number: number, one: string, more = `${one}s`): string =>
  `${number} ${number === 1 ? one : more}`;

const duration = (ms: number): string =>
  ms < 90_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
