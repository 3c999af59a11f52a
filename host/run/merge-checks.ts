// Whether runs are the shards of one plan, all of them, and nothing else. Pure.
import { RingcrossError } from '../../vm/errors.ts';
import { identity } from './plan-record.ts';
import type { PlannedManifest } from './run-folder.ts';

/** A shard by the folder in which it lies, which is how a person knows it. */
export interface ShardFolder {
  dir: string;
  manifest: Pick<PlannedManifest, 'plan' | 'ringcross' | 'kernels'>;
}

/**
 * The shards in their order. Errors: SHARD_COUNT, SHARD_COMMIT, SHARD_PLAN, SHARD_DUPLICATE, SHARD_MISSING,
 * SHARD_OVERLAP, SHARD_KERNEL; each names the folders.
 */
export const checkedShards = <T extends ShardFolder>(shards: readonly T[]): T[] => {
  const [first] = shards;
  if (first === undefined)
    throw new RingcrossError('SHARD_MISSING', 'expected at least one shard, but got none');
  for (const other of shards.slice(1)) mustBelong(first, other);
  const inOrder = shards.toSorted((a, b) => indexOf(a) - indexOf(b));
  mustBeDistinct(inOrder);
  mustBeAll(inOrder);
  mustNotOverlap(inOrder);
  mustShareImages(inOrder);
  return inOrder;
};

const indexOf = ({ manifest }: ShardFolder): number => manifest.plan.shard.index;

const nameOf = (shard: ShardFolder): string => `${indexOf(shard)}/${shard.manifest.plan.shard.of}`;

const mustBelong = (first: ShardFolder, other: ShardFolder): void => {
  const both = `${first.dir} and ${other.dir}`;
  if (first.manifest.plan.shard.of !== other.manifest.plan.shard.of)
    throw new RingcrossError(
      'SHARD_COUNT',
      `expected ${both} to be of as many shards, but they are ${nameOf(first)} and ${nameOf(other)}`,
    );
  const [made, otherMade] = [identity(first.manifest), identity(other.manifest)];
  if (made !== otherMade)
    throw new RingcrossError(
      'SHARD_COMMIT',
      `expected ${both} to be run by one ringcross, but they were run by ${made} and ${otherMade}`,
    );
  if (first.manifest.plan.digest !== other.manifest.plan.digest)
    throw new RingcrossError(
      'SHARD_PLAN',
      `expected ${both} to be parts of one plan, but their plans differ`,
      { log: planDifferences(first, other).join('\n') },
    );
};

/** What makes the digests differ, as far as a person can do something about it. */
const planDifferences = (one: ShardFolder, other: ShardFolder): string[] => {
  const [a, b] = [one.manifest.plan, other.manifest.plan];
  const parts = [
    ['cells, or the times by which they are weighed (ringcross.times.json)', a.cells, b.cells],
    ['kernels (sources, options or compilers)', a.kernels, b.kernels],
    ['specs or their modules', a.specs, b.specs],
    ['settings (messages, timeout, memory, cold)', a.settings, b.settings],
  ] as const;
  return parts.flatMap(([what, mine, yours]) =>
    JSON.stringify(mine) === JSON.stringify(yours) ? [] : [`they differ in ${what}`],
  );
};

const mustBeDistinct = (shards: readonly ShardFolder[]): void => {
  for (const [position, shard] of shards.entries()) {
    const next = shards[position + 1];
    if (next !== undefined && indexOf(shard) === indexOf(next))
      throw new RingcrossError(
        'SHARD_DUPLICATE',
        `expected each shard once, but ${shard.dir} and ${next.dir} are both ${nameOf(shard)}`,
      );
  }
};

const mustBeAll = (shards: readonly ShardFolder[]): void => {
  const { shard, cells } = shards[0]?.manifest.plan ?? { shard: { of: 0 }, cells: [] };
  const present = new Set(shards.map(indexOf));
  const missing = Array.from({ length: shard.of }, (_, position) => position + 1).filter(
    (index) => !present.has(index),
  );
  if (missing.length > 0)
    throw new RingcrossError(
      'SHARD_MISSING',
      `expected all ${shard.of} shards, but there is no ${missing.map((index) => `${index}/${shard.of}`).join(', no ')}`,
      { next: `npx ringcross run --shard ${missing[0]}/${shard.of}` },
    );
  const covered = new Set(shards.flatMap(({ manifest }) => manifest.plan.own));
  const left = cells.filter(({ cell }) => !covered.has(cell));
  if (left.length > 0)
    throw new RingcrossError(
      'SHARD_MISSING',
      `expected every cell in a shard, but none has ${left.map(({ cell }) => cell).join(', ')}`,
    );
};

const mustNotOverlap = (shards: readonly ShardFolder[]): void => {
  const owners = new Map<string, ShardFolder>();
  for (const shard of shards)
    for (const cell of shard.manifest.plan.own) {
      const owner = owners.get(cell);
      if (owner)
        throw new RingcrossError(
          'SHARD_OVERLAP',
          `expected each cell in one shard, but ${owner.dir} and ${shard.dir} both have ${cell}`,
        );
      owners.set(cell, shard);
    }
};

/** Figures of two images are not figures of one kernel, though both were built of the same. */
const mustShareImages = (shards: readonly ShardFolder[]): void => {
  const images = new Map<string, { dir: string; buildId: string }>();
  for (const { dir, manifest } of shards)
    for (const { name, buildId } of manifest.kernels) {
      const other = images.get(name);
      if (other !== undefined && other.buildId !== buildId)
        throw new RingcrossError(
          'SHARD_KERNEL',
          `expected one image of kernel ${name}, but ${other.dir} ran build id ${other.buildId} and ${dir} ${buildId}`,
        );
      images.set(name, { dir, buildId });
    }
};
