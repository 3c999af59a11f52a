// Runs the cells of a planned run that have not ended yet, and keeps everything in the run's folder.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../../vm/file-lock.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';
import type { Start } from '../../vm/pristine.ts';
import type { Template } from '../../vm/template.ts';
import type { TemplateStore } from '../../vm/template-store.ts';
import { cacheRoot } from '../cache.ts';
import { buildOrder } from '../forecast.ts';
import type { GuestImages } from '../guest-images.ts';
import { writeJson } from '../json-file.ts';
import { type BuiltKernel, ensureKernel } from '../kernel/index.ts';
import { type Cell, readConfig, unmetNeed } from '../plan.ts';
import { kernelReporter, seconds } from '../progress.ts';
import { openTemplates } from '../templates.ts';
import { type Admission, openAdmission } from './admission.ts';
import { cellBegins, type Journal, openJournal } from './journal.ts';
import { keepConfig } from './kernel-configs.ts';
import { type Manifest, type TemplateFacts, withKernel, withRecords } from './manifest.ts';
import { type CellEvent, isProgress } from './outcome.ts';
import { ownCells, type PlannedCell } from './plan-record.ts';
import type { PlanOptions, RunPlan } from './plan-run.ts';
import { type CellRecord, type Ending, keepCell } from './record.ts';
import { type CellResult, type Results, resultsSchema, schemaVersion } from './results.ts';
import { runCell, verdictOfError } from './run-cell.ts';
import { journalName, manifestName, resultsName } from './run-folder.ts';
import { runSchedule } from './schedule.ts';

export interface Run {
  dir: string;
  results: Results;
  manifest: Manifest;
}

/** What is known of a cell that has ended. */
export interface Kept {
  record: Pick<CellRecord, 'cell' | 'ending'>;
  result: CellResult;
}

export interface Execution {
  options: PlanOptions;
  plan: RunPlan;
  images: GuestImages;
  dir: string;
  manifest: Manifest;
  /** By cell: what has ended before. */
  kept: ReadonlyMap<string, Kept>;
}

/** Errors: INTERRUPTED, and of the host; what is done is kept. A kernel that cannot be built is its cells' outcome. */
export const execute = async ({ options, plan, images, dir, ...before }: Execution): Promise<Run> => {
  const { project, progress, signal } = options;
  const planned = ownCells(plan.record);
  const kept = new Map(before.kept);
  let { manifest } = before;
  const inOrder = (): Kept[] => planned.flatMap(({ cell }) => kept.get(cell) ?? []);
  const results = (): Results => ({
    schema: schemaVersion,
    run: manifest.run,
    // In the plan's order, whichever cell ended first.
    cells: inOrder().map(({ result }) => result),
  });
  const write = async (): Promise<void> => {
    const whole = resultsSchema.parse(results());
    manifest = withRecords(
      manifest,
      inOrder().map(({ record }) => record),
    );
    await writeJson(join(dir, resultsName), whole);
    await writeJson(join(dir, manifestName), manifest);
  };
  // A run that is interrupted in its first cell is a run all the same.
  let written = write();
  // One after the other: two cells that end together must not write over each other's files.
  const writeInTurn = (): Promise<void> => {
    written = written.then(write);
    return written;
  };
  await written;
  using journal = openJournal(join(dir, journalName));
  const context: Context = {
    options,
    dir,
    journal,
    images,
    templates: openTemplates(project, progress, options.isCold),
    admission: await openAdmission(signal, (text) => progress.line(text)),
  };
  const waiting = plan.own.filter(({ id }) => !kept.has(id));
  const kernels = buildOrder(plan.kernels).filter(({ name }) => waiting.some((cell) => cell.kernel === name));
  await runSchedule<Cell, ReadyKernel>({
    kernels: kernels.map(({ name }) => name),
    cells: waiting,
    jobs: plan.jobs,
    build: async (name, stop) => {
      const onProgress = kernelReporter(name, progress);
      const kernel = await ensureKernel(name, {
        configFolder: project.kernelConfigDir,
        signal: either(signal, stop),
        onProgress,
      }).finally(() => progress.update(`kernel ${name}`, null));
      await keepConfig(dir, kernel);
      manifest = withKernel(manifest, kernel);
      await writeInTurn();
      return { kernel, config: readConfig(await readFile(kernel.config, 'utf8')) };
    },
    run: async (cell, kernel) => {
      const record = await runRecorded(cell, planned, kernel, context);
      const result = await keepCell(record, dir);
      kept.set(cell.id, { record: { cell: record.cell, ending: record.ending }, result });
      progress.line(`${cell.id}: ${summary(result)}`);
      manifest = { ...manifest, ended: new Date().toISOString() };
      // After every cell: what an interrupted run has done is whole on disk.
      await writeInTurn();
    },
    // Beside other runs too, no two cells that measure time run at once.
    alone: (work) =>
      withFileLock(
        join(cacheRoot(), 'cycles.lock'),
        { signal, onWait: () => progress.line('waiting for another run of cycles') },
        work,
      ),
  });
  return { dir, results: results(), manifest };
};

interface ReadyKernel {
  kernel: BuiltKernel;
  config: ReadonlyMap<string, string>;
}

interface Context {
  options: PlanOptions;
  dir: string;
  journal: Journal;
  images: GuestImages;
  templates: TemplateStore | null;
  admission: Admission;
}

const either = (signal: AbortSignal | undefined, other: AbortSignal): AbortSignal =>
  signal ? AbortSignal.any([signal, other]) : other;

/** Runs a cell, and has the journal know of its beginning, its events and its end. */
const runRecorded = async (
  cell: Cell,
  planned: readonly PlannedCell[],
  kernel: Promise<ReadyKernel>,
  context: Context,
): Promise<CellRecord> => {
  const { journal, options } = context;
  const own = planned.find((one) => one.cell === cell.id);
  if (!own) throw new Error(`bug: ${cell.id} is none of the plan's cells`);
  const ready = await kernel.catch((error: unknown) => {
    throwIfInterrupted(options.signal);
    return { error };
  });
  journal.append(cell.id, cellBegins);
  const { events, ending } =
    'error' in ready
      ? { events: [], ending: unbuilt(cell, ready.error) }
      : await runOrSkip(cell, ready, context);
  journal.append(cell.id, ending);
  return { cell: own, events, ending };
};

const notStarted = { kind: 'outcome', start: null, bootMs: null, ms: 0, guest: null } as const;

const unbuilt = ({ spec }: Cell, error: unknown): Ending => ({
  ...notStarted,
  release: null,
  ...verdictOfError(error, spec.titles),
});

const runOrSkip = async (
  cell: Cell,
  { kernel, config }: ReadyKernel,
  context: Context,
): Promise<{ events: readonly CellEvent[]; ending: Ending }> => {
  const { options, dir, journal } = context;
  const { progress } = options;
  const { release } = kernel;
  const reason =
    cell.skip ?? unmetNeed(cell.spec, cell.lens, { name: cell.kernel, version: kernel.version, config });
  if (reason !== null)
    return { events: [], ending: { ...notStarted, release, outcome: 'skipped', reason, tests: [] } };
  progress.update(cell.id, 'waiting for memory');
  using _memory = await context.admission.admit(options.project.memoryMiB);
  progress.update(cell.id, 'starting');
  const outcome = await runCell({
    cell,
    project: options.project,
    kernel,
    images: context.images,
    templates: context.templates,
    consoleLog: (guest) => join(dir, 'console', `${cell.id}${guest === 0 ? '' : `-${guest + 1}`}.log`),
    messages: options.messages,
    silenceMs: options.silenceMs,
    signal: options.signal,
    onEvent: (event) => {
      journal.append(cell.id, event);
      if (isProgress(event) && event.kind === 'message' && event.message.type === 'test-start')
        progress.update(cell.id, event.message.path.join(' › '));
    },
  }).finally(() => progress.update(cell.id, null));
  const { facts, start, commandLine, pushed, events, bootMs, ms, ...verdict } = outcome;
  const template = start?.kind === 'clone' ? templateFacts(start.template, cell) : null;
  const guest = { facts, commandLine, pushed, template };
  return {
    events,
    ending: { kind: 'outcome', release, start: startResult(start), bootMs, ms, guest, ...verdict },
  };
};

const startResult = (start: Start | null): CellResult['start'] =>
  start && {
    kind: start.kind,
    ...(start.kind === 'boot' && start.reason !== null ? { reason: start.reason } : {}),
  };

const templateFacts = (
  { key, built, bootMs, freezeMs, commandLine, facts }: Template,
  { kernel, lens }: Cell,
): TemplateFacts => ({ key, kernel, lens, built, bootId: facts.bootId, bootMs, freezeMs, commandLine });

const summary = ({ outcome, reason, tests, cases, ms }: CellResult): string => {
  if (outcome === 'skipped') return `skipped: ${reason}`;
  const passed = tests.filter((test) => test.outcome === 'passed').length;
  const counts = `${passed} of ${tests.length} tests, ${cases.length} cases, ${seconds(ms)}`;
  return `${outcome} (${counts})${reason ? `: ${reason}` : ''}`;
};
