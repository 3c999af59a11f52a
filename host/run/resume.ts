// Goes on with a run that was interrupted: the cells that have no outcome run, into the same folder.
import { basename, join } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { forecast, forecastLines } from '../forecast.ts';
import { findSpecs } from '../guest-build/spec.ts';
import { ensureGuestImages } from '../guest-images.ts';
import { execute, type Kept, type Run } from './execute.ts';
import { mendJournal, openJournal, readJournal } from './journal.ts';
import { madeBy } from './manifest.ts';
import { ownCells, type PlanRecord, planChanges } from './plan-record.ts';
import { type PlanOptions, planRun, type RunPlan } from './plan-run.ts';
import { keepCell, recordOf, removeSamples } from './record.ts';
import { tellingHowToGoOn } from './run.ts';
import { journalName, type PlannedManifest, readPlanned, withRunLock } from './run-folder.ts';

export type ResumeOptions = Pick<PlanOptions, 'project' | 'jobs' | 'signal' | 'progress'>;

/**
 * What has ended is taken from the journal; a cell that was running when the run died runs again, and what it left of
 * samples goes. Errors: RUN_FOLDER, RUN_SCHEMA, RUN_DAMAGED; RUN_PLAN_CHANGED, with what has changed; those of `run`.
 */
export const resume = async (dir: string, given: ResumeOptions): Promise<Run> => {
  const manifest = await readPlanned(dir);
  const options = await recordedOptions(manifest, given);
  const planned = await planRun(options, true);
  const images = await ensureGuestImages();
  const changes = planChanges(
    { ...manifest.plan, ringcross: manifest.ringcross, images: manifest.images },
    { ...planned.record, ...(await madeBy(images)) },
  );
  if (changes.length > 0) throw planChanged(changes);
  return await withRunLock(dir, options.signal, async () => {
    const kept = await replayed(dir, manifest.plan, options);
    const plan = remaining(planned, manifest.plan, kept);
    options.progress.line(`${kept.size} of ${manifest.plan.own.length} cells have an outcome already`);
    for (const line of forecastLines(plan.forecast)) options.progress.line(line);
    return await tellingHowToGoOn(options, dir, () =>
      execute({ options, plan, images, dir, manifest, kept }),
    );
  });
};

/** As planned now, with the shard's cells as they were partitioned then. */
const remaining = (planned: RunPlan, record: PlanRecord, kept: ReadonlyMap<string, Kept>): RunPlan => {
  const own = new Set(record.own);
  const waiting = planned.cells.filter(({ id }) => own.has(id) && !kept.has(id));
  return {
    ...planned,
    own: planned.cells.filter(({ id }) => own.has(id)),
    record,
    forecast: forecast({ ...planned, own: waiting, shard: record.shard }),
  };
};

const planChanged = (changes: readonly string[]): RingcrossError =>
  new RingcrossError(
    'RUN_PLAN_CHANGED',
    'expected the plan that the run was started with, but it has changed since; what it has done cannot be joined with what it would do now',
    { log: changes.join('\n'), next: 'npx ringcross run' },
  );

/** What the run was started with. A spec that has gone is a change of plan, and not a wrong word on the command line. */
const recordedOptions = async (
  { plan }: PlannedManifest,
  { project, ...given }: ResumeOptions,
): Promise<PlanOptions> => {
  const present = (await findSpecs(project, [])).map((path) => basename(path, '.spec.ts'));
  const specs = plan.specs.map(({ name }) => name);
  const gone = specs.filter((name) => !present.includes(name));
  if (gone.length > 0) throw planChanged(gone.map((name) => `spec ${name}: it is gone`));
  const { messages, silenceMs, isCold } = plan.settings;
  return {
    ...given,
    project,
    kernels: plan.kernels.map(({ name }) => name),
    lenses: [...new Set(plan.cells.map(({ lens }) => lens))],
    specs,
    shard: plan.shard,
    messages,
    silenceMs,
    isCold,
  };
};

/** The cells that have ended, from the journal; makes good what the death of the host left half done. */
const replayed = async (
  dir: string,
  plan: PlanRecord,
  { progress }: Pick<PlanOptions, 'progress'>,
): Promise<Map<string, Kept>> => {
  const path = join(dir, journalName);
  const lines = await readJournal(path);
  const cut = await mendJournal(path, lines);
  if (cut > 0) progress.line(`the journal's last line was cut short when the run died: ${cut} bytes removed`);
  const kept = new Map<string, Kept>();
  for (const cell of ownCells(plan)) {
    const record = recordOf(cell, lines.cells.get(cell.cell) ?? []);
    await removeSamples(dir, cell.cell);
    if (record === null) continue;
    kept.set(cell.cell, {
      record: { cell, ending: record.ending },
      result: await keepCell(record, dir),
    });
  }
  using journal = openJournal(path);
  journal.append(null, { kind: 'resumed' });
  return kept;
};
