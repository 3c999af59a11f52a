// A run's folder: the names in it, and what is read of one that is to be gone on with or merged.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withFileLock } from '../../vm/file-lock.ts';
import type { Manifest } from './manifest.ts';
import { type PlanRecord, planDigest, planSchema } from './plan-record.ts';
import { schemaVersion } from './results.ts';

export const manifestName = 'manifest.json';
export const journalName = 'journal.ndjson';
export const resultsName = 'results.json';

/** A folder that holds a run already is not written into: its samples would mix. Errors: USAGE. */
export const refuseUsedFolder = async (dir: string): Promise<void> => {
  if (await canAccess(join(dir, 'samples')))
    throw new RingcrossError('USAGE', `expected a new folder for the run, but ${dir} holds one already`, {
      next: `npx ringcross run --resume ${dir}`,
    });
};

export const makeRunFolder = async (dir: string): Promise<void> => {
  for (const folder of ['console', 'samples']) await mkdir(join(dir, folder), { recursive: true });
};

export type PlannedManifest = Manifest & { plan: PlanRecord };

/** What is relied on of a manifest; the rest is passed on as it is. */
const plannedSchema = z.looseObject({
  run: z.string(),
  started: z.string(),
  ringcross: z.strictObject({ version: z.string(), commit: z.string().nullable() }),
  images: z.strictObject({ root: z.string(), agent: z.string() }),
  kernels: z.array(z.looseObject({ name: z.string(), buildId: z.string() })),
  plan: planSchema,
});

/**
 * The manifest of a run that says what its plan was. Errors: RUN_FOLDER where there is none, RUN_SCHEMA, RUN_DAMAGED
 * where it does not hold together.
 */
export const readPlanned = async (dir: string): Promise<PlannedManifest> => {
  const path = join(dir, manifestName);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new RingcrossError(
      'RUN_FOLDER',
      `expected the folder of a run, but ${path} cannot be read: ${cause.code}`,
      { cause },
    );
  });
  const value = parseJson(text, path);
  if (value.schema !== schemaVersion)
    throw new RingcrossError(
      'RUN_SCHEMA',
      `expected a run of schema ${schemaVersion}, but ${dir} has ${JSON.stringify(value.schema)}`,
    );
  if (!('plan' in value))
    throw new RingcrossError(
      'RUN_FOLDER',
      `expected a run that says what its plan was, but ${dir} was made by a ringcross that did not record it`,
    );
  const parsed = plannedSchema.safeParse(value);
  if (!parsed.success)
    throw new RingcrossError(
      'RUN_DAMAGED',
      `expected a whole manifest in ${path}, but: ${z.prettifyError(parsed.error)}`,
    );
  const { plan } = parsed.data;
  const planned = new Set(plan.cells.map(({ cell }) => cell));
  if (planDigest(plan) !== plan.digest || plan.own.some((cell) => !planned.has(cell)))
    throw new RingcrossError(
      'RUN_DAMAGED',
      `expected the plan in ${path} to have the digest that it names, but it does not`,
    );
  return value as unknown as PlannedManifest;
};

/** Errors: RUN_DAMAGED. */
export const parseJson = (text: string, path: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new RingcrossError('RUN_DAMAGED', `expected JSON in ${path}, but it is damaged`);
};

/** Runs `work` while no other process runs cells into this folder. Errors: USAGE where one does. */
export const withRunLock = async <T>(
  dir: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  const onWait = (): never => {
    throw new RingcrossError('USAGE', `expected a run that nobody works on, but ${dir} is still under way`);
  };
  // The journal is what two would spoil, and a lock file of its own would stay in the folder for nothing.
  return await withFileLock(join(dir, journalName), { signal, onWait }, work);
};
