// How long cells take: a file in the project that is reviewed like a lock file, so that all machines weigh alike.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../vm/errors.ts';
import type { Lens } from '../vm/lens.ts';
import { writeJson } from './json-file.ts';
import type { CellOutcome, CellResult } from './run/results.ts';

export const timesName = 'ringcross.times.json';

const timesSchema = z.strictObject({
  schema: z.literal(1),
  /** By cell, whose name says a kernel's name and not its version: milliseconds. */
  cells: z.record(z.string(), z.int().min(0)),
});

export type Times = ReadonlyMap<string, number>;

/** None where the project has no such file. Errors: USAGE. */
export const readTimes = async (root: string): Promise<Times> => {
  const path = join(root, timesName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return new Map();
  const parsed = timesSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new RingcrossError(
      'USAGE',
      `expected times of cells in ${path}, but: ${z.prettifyError(parsed.error)}`,
      { next: `rm ${timesName} && npx ringcross run --record-times` },
    );
  return new Map(Object.entries(parsed.data.cells));
};

/** What is no JSON is for the schema to refuse. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export interface Estimate {
  ms: number;
  /** Whether this very cell was measured. */
  isRecorded: boolean;
}

/** A spec waits about so long for its guest and runs about so long, where nothing at all is known of it, milliseconds. */
const unknownMs = 15_000;

/**
 * What a cell takes: as recorded; else the median of its spec in the same lens on other kernels; else that of all
 * cells of the lens. Pure.
 */
export const estimate = (
  { id, lens, spec }: { id: string; lens: Lens; spec: { name: string } },
  times: Times,
): Estimate => {
  const own = times.get(id);
  if (own !== undefined) return { ms: own, isRecorded: true };
  const those = (isAlike: (other: string) => boolean): number[] =>
    [...times].flatMap(([other, ms]) => (isAlike(other) ? [ms] : []));
  const ms =
    median(those((other) => other.endsWith(`-${lens}-${spec.name}`))) ??
    median(those((other) => other.includes(`-${lens}-`))) ??
    unknownMs;
  return { ms, isRecorded: false };
};

/** Of an even number the lower one. */
const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];

/** Cells that ended by themselves; what died or waited for its end says nothing about the next time. */
const ordinary: readonly CellOutcome[] = ['passed', 'failed', 'skipped'];

/** The times known so far with those of a run's cells in their place, to a tenth of a second, which is more than repeats. Pure. */
export const withMeasured = (times: Times, cells: readonly CellResult[]): Map<string, number> =>
  new Map([
    ...times,
    ...cells
      .filter(({ outcome }) => ordinary.includes(outcome))
      .map(({ kernel, lens, spec, ms }): [string, number] => [
        `${kernel}-${lens}-${spec}`,
        Math.round(ms / 100) * 100,
      ]),
  ]);

/** Writes a run's times into the project's file, sorted, so that a change is seen where it is; returns its path. */
export const recordTimes = async (root: string, cells: readonly CellResult[]): Promise<string> => {
  const path = join(root, timesName);
  const times = [...withMeasured(await readTimes(root), cells)].sort(([a], [b]) => (a < b ? -1 : 1));
  const file: z.input<typeof timesSchema> = { schema: 1, cells: Object.fromEntries(times) };
  await writeJson(path, file);
  return path;
};
