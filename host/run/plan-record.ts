// What a run's manifest says of its plan: enough to tell whether two runs had the same one, and to go on with it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { lenses } from '../../vm/lens.ts';

const sha256 = z.string().regex(/^[\da-f]{64}$/);

/** What all shards of a plan share. */
const wholeSchema = z.strictObject({
  /** Of all shards, in order; `ms` is the time by which the cell was weighed. */
  cells: z.array(
    z.strictObject({
      cell: z.string(),
      kernel: z.string(),
      lens: z.enum(lenses),
      spec: z.string(),
      ms: z.number().min(0),
    }),
  ),
  /** Digests of source, options, toolchain and recipe. */
  kernels: z.array(z.strictObject({ name: z.string(), request: sha256 })),
  /** Digests of each spec as the guest gets it, and of its modules' sources. */
  specs: z.array(z.strictObject({ name: z.string(), sha256 })),
  settings: z.strictObject({
    messages: z.int().nullable(),
    silenceMs: z.int().nullable(),
    memoryMiB: z.int(),
    isCold: z.boolean(),
  }),
});

export const planSchema = wholeSchema.extend({
  /** SHA-256 of all the above. */
  digest: sha256,
  shard: z.strictObject({ index: z.int().min(1), of: z.int().min(1) }),
  /** The shard's cells, in the plan's order. */
  own: z.array(z.string()),
});

export type WholePlan = z.infer<typeof wholeSchema>;
export type PlanRecord = z.infer<typeof planSchema>;
export type PlannedCell = PlanRecord['cells'][number];

/** Takes whole plans only: what belongs to a shard is left out. */
export const planDigest = ({ cells, kernels, specs, settings }: WholePlan): string =>
  createHash('sha256')
    // Parsed for its order of fields, so that it makes no difference how the plan came about.
    .update(JSON.stringify(wholeSchema.parse({ cells, kernels, specs, settings })))
    .digest('hex');

/** The cells of a plan's shard with all that the plan says of them, in its order. */
export const ownCells = ({ cells, own }: Pick<PlanRecord, 'cells' | 'own'>): PlannedCell[] => {
  const wanted = new Set(own);
  return cells.filter(({ cell }) => wanted.has(cell));
};

/** What the digests of a run are of beside its plan. */
export interface Made {
  ringcross: { version: string; commit: string | null };
  images: { root: string; agent: string };
}

/**
 * What differs between a plan as it was and as it would be now, one sentence each; empty where a run can go on. How cells
 * are weighed is no matter: the shard keeps those it has.
 */
export const planChanges = (was: WholePlan & Made, now: WholePlan & Made): string[] => {
  const changes: string[] = [];
  const compare = (what: string, before: unknown, after: unknown): void => {
    if (before === after) return;
    changes.push(`${what}: it was ${told(before)}, and now is ${told(after)}`);
  };
  compare('ringcross', identity(was), identity(now));
  compare('the root image', was.images.root, now.images.root);
  compare('the agent image', was.images.agent, now.images.agent);
  for (const { name, request } of was.kernels)
    compare(
      `kernel ${name} (source, options or compiler)`,
      request,
      now.kernels.find((kernel) => kernel.name === name)?.request,
    );
  for (const { name, sha256: digest } of was.specs)
    compare(`spec ${name} (or its modules)`, digest, now.specs.find((spec) => spec.name === name)?.sha256);
  for (const name of Object.keys(was.settings) as (keyof WholePlan['settings'])[])
    compare(name, was.settings[name], now.settings[name]);
  const isPlanned = new Set(now.cells.map(({ cell }) => cell));
  const gone = was.cells.filter(({ cell }) => !isPlanned.has(cell));
  // Where a kernel or a spec has gone that has been said already.
  if (changes.length === 0 && gone.length > 0)
    changes.push(`cells that are no longer planned: ${gone.map(({ cell }) => cell).join(', ')}`);
  return changes;
};

export const identity = ({ ringcross: { version, commit } }: Pick<Made, 'ringcross'>): string =>
  commit === null ? version : `${version}, ${commit}`;

/** The start of a digest is enough to see that it is another. */
const told = (value: unknown): string =>
  value === undefined
    ? 'gone'
    : typeof value === 'string'
      ? value.replace(/^([\da-f]{12})[\da-f]{52}$/, '$1')
      : `${value}`;
