// A baseline: the medians that were reviewed, kept in the project like a lock file, and what has grown since. In the lens
// `instructions` any difference is real, so the gate has no noise.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { RingcrossError } from '../vm/errors.ts';
import { writeJson } from './json-file.ts';
import { type Group, groupsOf } from './report/groups.ts';
import { type Change, figureName, figuresOf, growth } from './report/kernel-changes.ts';
import type { Results } from './run/results.ts';

const schema = z.strictObject({
  schema: z.literal(1),
  unit: z.literal('instructions'),
  /** By kernel: its release when the baseline was taken, and each figure by its name. */
  kernels: z.record(
    z.string(),
    z.strictObject({ release: z.string(), figures: z.record(z.string(), z.number().min(0)) }),
  ),
});

export type Baseline = z.infer<typeof schema>;

/** Where a project keeps it. */
export const baselineName = 'ringcross.baseline.json';

/** Errors: BASELINE where it cannot be read or is none. */
export const readBaseline = async (path: string): Promise<Baseline> => {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new RingcrossError('BASELINE', `expected a baseline, but ${path} cannot be read: ${cause.code}`, {
      cause,
      next: 'npx ringcross baseline RUN',
    });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RingcrossError('BASELINE', `expected JSON in ${path}: ${(cause as Error).message}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RingcrossError('BASELINE', `${path} is not as expected:\n${z.prettifyError(parsed.error)}`);
};

/** Whole or not at all. One figure a line, sorted, so that a reviewer sees what changed. */
export const writeBaseline = (path: string, baseline: Baseline): Promise<void> => writeJson(path, baseline);

/**
 * A run's figures over those of `earlier`: a kernel that the run has is replaced in those specs' figures that it has, since a
 * run of one spec must not forget the others. Pure. Errors: BASELINE where the run has no exact figure.
 */
export const mergeBaseline = (earlier: Baseline | null, results: Results): Baseline => {
  const kernels: Baseline['kernels'] = { ...earlier?.kernels };
  const exact = exactGroups(results);
  if (exact.length === 0)
    throw new RingcrossError(
      'BASELINE',
      `expected a run with figures in instructions, but run ${results.run} has none`,
      {
        next: 'npx ringcross run --lens instructions',
      },
    );
  for (const { kernel, release, cases } of exact) {
    const fresh = cases.flatMap((one) =>
      figuresOf(one).map(([column, value]): [string, number] => [figureName(one, column), value]),
    );
    const figures = { ...kernels[kernel]?.figures, ...Object.fromEntries(fresh) };
    const sorted = Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1));
    kernels[kernel] = { release, figures: Object.fromEntries(sorted) };
  }
  return { schema: 1, unit: 'instructions', kernels };
};

export interface Growths {
  kernel: string;
  release: string;
  /** The release that the baseline was taken of. */
  baseRelease: string;
  /** Figures that have grown by more than what is allowed, the worst first. */
  over: Change[];
  /** Figures of the run that the baseline has not, by name: nothing can be said of them. */
  unknown: string[];
}

/**
 * What of each kernel's figures has grown by more than `allowed`, a part of one. Pure. Errors: BASELINE where the
 * baseline lacks a kernel of the run: that must not pass for no growth.
 */
export const growthsOver = (allowed: number, baseline: Baseline, results: Results): Growths[] =>
  exactGroups(results).map(({ kernel, release, cases }) => {
    const base = baseline.kernels[kernel];
    if (base === undefined)
      throw new RingcrossError(
        'BASELINE',
        `expected figures of kernel ${kernel} in the baseline, but it has ${Object.keys(baseline.kernels).join(', ') || 'none'}`,
        {
          next: 'npx ringcross baseline RUN',
        },
      );
    const figures = cases.flatMap((one) =>
      figuresOf(one).map(([column, after]) => {
        const before = base.figures[figureName(one, column)];
        return { case: one, column, before, after };
      }),
    );
    const over = figures
      .filter((one): one is Change => one.before !== undefined)
      .filter((one) => growth(one) > allowed)
      .sort((a, b) => growth(b) - growth(a));
    const unknown = figures
      .filter(({ before }) => before === undefined)
      .map((one) => figureName(one.case, one.column));
    return { kernel, release, baseRelease: base.release, over, unknown };
  });

/** The groups that have exact figures: one for each kernel. */
const exactGroups = (results: Results): Group[] =>
  groupsOf(results).filter(({ unit, cases }) => unit === 'instructions' && cases.length > 0);

/** `2%` or `0.5 %` as a part of one. Null where it is none. */
export const parsePercent = (text: string): number | null => {
  const found = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  return found ? Number(found[1]) / 100 : null;
};
