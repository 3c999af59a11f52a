// The main job: plan, build what is missing, run every cell, and keep everything in the run's folder.
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { forecastLines } from '../forecast.ts';
import { ensureGuestImages } from '../guest-images.ts';
import { writeJson } from '../json-file.ts';
import { execute, type Run } from './execute.ts';
import { openJournal } from './journal.ts';
import { madeBy, newManifest } from './manifest.ts';
import { type PlanOptions, planRun } from './plan-run.ts';
import { journalName, makeRunFolder, manifestName, refuseUsedFolder, withRunLock } from './run-folder.ts';

export interface RunOptions extends PlanOptions {
  /** The run's folder; a new one under the project's runs where null. */
  out: string | null;
}

/**
 * Runs every cell of the plan's shard; a cell that fails never stops the others, and nor does a kernel that is not built.
 * Errors: those of planning and of images, before the first kernel is built; INTERRUPTED, with what is done kept.
 */
export const run = async (options: RunOptions): Promise<Run> => {
  const { project, progress, signal } = options;
  if (options.out !== null) await refuseUsedFolder(options.out);
  const plan = await planRun(options, true);
  for (const line of forecastLines(plan.forecast)) progress.line(line);
  const images = await ensureGuestImages();
  const id = newRunId();
  const dir = options.out ?? join(project.runsDir, id);
  await makeRunFolder(dir);
  return await withRunLock(dir, signal, async () => {
    const manifest = await newManifest(id, plan.lenses, plan.probe, await madeBy(images), plan.record);
    // The journal first: a folder that has a manifest can be gone on with.
    appendPlan(dir, plan.record);
    await writeJson(join(dir, manifestName), manifest);
    return await tellingHowToGoOn(options, dir, () =>
      execute({ options, plan, images, dir, manifest, kept: new Map() }),
    );
  });
};

const appendPlan = (dir: string, { digest, own }: { digest: string; own: string[] }): void => {
  using journal = openJournal(join(dir, journalName));
  journal.append(null, planEvent(digest, own));
};

/** The first line of a journal. */
export const planEvent = (digest: string, cells: readonly string[]) => ({ kind: 'plan', digest, cells });

/** Whatever stops a run once it has a folder, it can go on from there. */
export const tellingHowToGoOn = async <T>(
  { progress }: Pick<PlanOptions, 'progress'>,
  dir: string,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    progress.line(`to go on with what is left: npx ringcross run --resume ${relative(process.cwd(), dir)}`);
    throw error;
  }
};

/** `20261123-150210-3f9c`: sorts by time, and two started in one second differ. */
const newRunId = (): string => {
  const [date = '', time = ''] = new Date().toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  return `${date}-${time}-${randomBytes(2).toString('hex')}`;
};
