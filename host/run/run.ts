// The main job: plan, build what is missing, run every cell, and keep everything in the run's folder.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withFileLock } from '../../vm/file-lock.ts';
import type { Lens } from '../../vm/lens.ts';
import type { Start } from '../../vm/pristine.ts';
import type { Template } from '../../vm/template.ts';
import type { TemplateStore } from '../../vm/template-store.ts';
import { cacheRoot } from '../cache.ts';
import { findSpecs, readSpecs } from '../guest-build/spec.ts';
import { ensureGuestImages, type GuestImages } from '../guest-images.ts';
import { inParallel } from '../in-parallel.ts';
import { type BuiltKernel, ensureKernel } from '../kernel/index.ts';
import { chooseLenses, type LensWord, needsProbe, probe } from '../lenses.ts';
import { type Cell, planCells, readConfig } from '../plan.ts';
import { kernelReporter, type Progress, seconds } from '../progress.ts';
import type { Project } from '../project.ts';
import { openTemplates } from '../templates.ts';
import { accountsOf } from './accounts.ts';
import { type Admission, defaultJobs, openAdmission } from './admission.ts';
import { caseName, columns, measuredCase } from './case-result.ts';
import { findingsOf } from './findings.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Manifest, newManifest } from './manifest.ts';
import { type CellEvent, isProgress } from './outcome.ts';
import { type CaseResult, type CellResult, type Results, resultsSchema, schemaVersion } from './results.ts';
import { runCell, verdictOfError } from './run-cell.ts';
import { sampleBytes } from './samples.ts';

export interface RunOptions {
  project: Project;
  /** Names; the project's own where empty. */
  kernels: readonly string[];
  lenses: readonly LensWord[];
  /** Globs over spec names; all where empty. */
  specs: readonly string[];
  /** The run's folder; a new one under the project's runs where null. */
  out: string | null;
  /** Guests at once; as many as CPUs and memory allow where null. */
  jobs: number | null;
  messages: number | null;
  silenceMs: number | null;
  /** Boot every guest, instead of cloning one that has booted. */
  isCold: boolean;
  signal?: AbortSignal | undefined;
  progress: Progress;
}

export interface Run {
  dir: string;
  results: Results;
  manifest: Manifest;
}

/**
 * Runs every cell of the plan; a cell that fails never stops the others.
 * Errors: those of kernels, images and lenses, before the first guest boots; INTERRUPTED, with what is done kept.
 */
export const run = async (options: RunOptions): Promise<Run> => {
  const { project, progress, signal } = options;
  if (options.out !== null) await refuseUsedFolder(options.out);
  const specs = await readSpecs(await findSpecs(project, options.specs));
  const kernels = new Map<string, BuiltKernel>();
  for (const name of options.kernels.length > 0 ? options.kernels : project.kernels) {
    const onProgress = kernelReporter(name, progress);
    kernels.set(
      name,
      await ensureKernel(name, { configFolder: project.kernelConfigDir, signal, onProgress }),
    );
    progress.update(`kernel ${name}`, null);
  }
  const images = await ensureGuestImages();
  const found = await findLenses(options, kernels, images);
  const plan = planCells(await configsOf(kernels), found.lenses, specs);

  const id = newRunId();
  const dir = options.out ?? join(project.runsDir, id);
  await makeRunFolder(dir);
  const manifest = await newManifest(id, found.lenses, found.probe, images, [...kernels.values()]);
  await writeJson(join(dir, 'manifest.json'), manifest);
  using journal = openJournal(join(dir, 'journal.ndjson'));
  journal.append(null, { kind: 'plan', cells: plan.map(({ id: cell, skip }) => ({ cell, skip })) });

  const done = new Map<string, CellResult>();
  const results = (): Results => ({
    schema: schemaVersion,
    run: id,
    // In the plan's order, whichever cell ended first.
    cells: plan.flatMap(({ id: cell }) => done.get(cell) ?? []),
  });
  const templates = openTemplates(project, progress, options.isCold);
  const admission = await openAdmission(signal, (text) => progress.line(text));
  const context: Context = { options, dir, journal, manifest, kernels, images, templates, admission };
  // A run that is interrupted in its first cell is a run all the same.
  await writeJson(join(dir, 'results.json'), results());
  // One after the other: two cells that end together must not write over each other's files.
  let written = Promise.resolve();
  const runOne = async (cell: Cell): Promise<void> => {
    done.set(cell.id, await cellResult(cell, context));
    manifest.ended = new Date().toISOString();
    // After every cell: what an interrupted run has done is whole on disk.
    written = written.then(async () => {
      await writeJson(join(dir, 'results.json'), resultsSchema.parse(results()));
      await writeJson(join(dir, 'manifest.json'), manifest);
    });
    await written;
  };
  const timed = plan.filter(({ lens }) => lens === 'cycles');
  // Cells that measure time run alone, also beside other runs; the others cannot disturb each other's figures.
  if (timed.length > 0)
    await withFileLock(
      join(cacheRoot(), 'cycles.lock'),
      { signal, onWait: () => progress.line('waiting for another run of cycles') },
      () => inParallel(1, timed, runOne),
    );
  await inParallel(
    options.jobs ?? (await defaultJobs(availableParallelism(), project.memoryMiB)),
    plan.filter(({ lens }) => lens !== 'cycles'),
    runOne,
  );
  return { dir, results: results(), manifest };
};

interface Context {
  options: RunOptions;
  dir: string;
  journal: Journal;
  manifest: Manifest;
  kernels: ReadonlyMap<string, BuiltKernel>;
  images: GuestImages;
  templates: TemplateStore | null;
  admission: Admission;
}

const probeTask = 'probing the lens cycles';

const findLenses = async (
  { lenses, progress, signal }: RunOptions,
  kernels: ReadonlyMap<string, BuiltKernel>,
  images: GuestImages,
): Promise<{ lenses: Lens[]; probe: Manifest['cyclesProbe'] }> => {
  const [kernel] = kernels.values();
  if (!kernel || !needsProbe(lenses)) return { lenses: chooseLenses(lenses, null), probe: null };
  progress.update(probeTask, 'booting a guest under KVM');
  const result = await probe(kernel, images, signal);
  progress.update(probeTask, null);
  if (!result.works) progress.line(`lens cycles: not on this host: ${result.reason}`);
  return { lenses: chooseLenses(lenses, result), probe: result };
};

const configsOf = (kernels: ReadonlyMap<string, BuiltKernel>) =>
  Promise.all(
    [...kernels.values()].map(async ({ name, config }) => ({
      name,
      config: readConfig(await readFile(config, 'utf8')),
    })),
  );

const cellResult = async (cell: Cell, context: Context): Promise<CellResult> => {
  const { options, dir, journal, manifest, images } = context;
  const { progress } = options;
  const kernel = context.kernels.get(cell.kernel);
  if (!kernel)
    throw new RingcrossError('USAGE', `bug: the plan names kernel ${cell.kernel}, which was not built`);
  const head = { kernel: cell.kernel, release: kernel.release, lens: cell.lens, spec: cell.spec.name };
  if (cell.skip !== null) {
    progress.line(`${cell.id}: skipped: ${cell.skip}`);
    return {
      ...head,
      outcome: 'skipped',
      reason: cell.skip,
      start: null,
      bootMs: null,
      ms: 0,
      tests: [],
      cases: [],
      findings: [],
      accounts: [],
    };
  }
  progress.update(cell.id, 'waiting for memory');
  using _memory = await context.admission.admit(options.project.memoryMiB);
  progress.update(cell.id, 'starting');
  const outcome = await runCell({
    cell,
    project: options.project,
    kernel,
    images,
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
  });
  const { facts, start, commandLine, pushed, events, bootMs, ms, ...told } = outcome;
  const template = start?.kind === 'clone' ? start.template : null;
  manifest.cells.push({ cell: cell.id, commandLine, ...(template && { cloneOf: template.key }), pushed });
  if (template) noteTemplate(manifest, template, cell);
  if (facts && !manifest.guests.some((guest) => guest.kernel === cell.kernel && guest.lens === cell.lens))
    manifest.guests.push({ kernel: cell.kernel, lens: cell.lens, facts });
  const { cases, findings, accounts, verdict } = await keepCases(events, cell, dir)
    .then((kept) => ({
      cases: kept,
      findings: findingsOf(events),
      accounts: accountsOf(events, cell.lens),
      verdict: told,
    }))
    .catch((error: unknown) => ({
      cases: [],
      findings: [],
      accounts: [],
      verdict: verdictOfError(error, cell.spec.titles),
    }));
  progress.update(cell.id, null);
  journal.append(cell.id, { kind: 'outcome', outcome: verdict.outcome, reason: verdict.reason });
  const counts = `${verdict.tests.filter((test) => test.outcome === 'passed').length} of ${verdict.tests.length} tests`;
  progress.line(
    `${cell.id}: ${verdict.outcome} (${counts}, ${cases.length} cases, ${seconds(ms)})${verdict.reason ? `: ${verdict.reason}` : ''}`,
  );
  return { ...head, start: startResult(start), bootMs, ms, cases, findings, accounts, ...verdict };
};

const startResult = (start: Start | null): CellResult['start'] =>
  start && {
    kind: start.kind,
    ...(start.kind === 'boot' && start.reason !== null ? { reason: start.reason } : {}),
  };

const noteTemplate = ({ templates = [] }: Manifest, template: Template, { kernel, lens }: Cell): void => {
  const { key, built, bootMs, freezeMs, commandLine, facts } = template;
  if (templates.some((one) => one.key === key && one.built === built)) return;
  templates.push({ key, kernel, lens, built, bootId: facts.bootId, bootMs, freezeMs, commandLine });
};

/** Writes the raw columns of every case, and returns what is published of them. */
const keepCases = async (events: readonly CellEvent[], cell: Cell, dir: string): Promise<CaseResult[]> => {
  const cases: CaseResult[] = [];
  for (const event of events) {
    if (event.kind !== 'message' || event.message.type !== 'case') continue;
    const { result, samples } = measuredCase(event.message.case, cell.lens);
    cases.push(result);
    for (const column of columns) {
      const values = samples[column];
      if (!values) continue;
      const folder = join(dir, 'samples', cell.id);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${caseName(result)}.${column}.u64`), sampleBytes(values));
    }
  }
  return cases;
};

/** `20261123-150210-3f9c`: sorts by time, and two started in one second differ. */
const newRunId = (): string => {
  const [date = '', time = ''] = new Date().toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  return `${date}-${time}-${randomBytes(2).toString('hex')}`;
};

/** A folder that holds a run already is not written into: its samples would mix. Asked before anything is built. */
const refuseUsedFolder = async (dir: string): Promise<void> => {
  if (await canAccess(join(dir, 'samples')))
    throw new RingcrossError('USAGE', `expected a new folder for the run, but ${dir} holds one already`);
};

const makeRunFolder = async (dir: string): Promise<void> => {
  for (const folder of ['console', 'samples']) await mkdir(join(dir, folder), { recursive: true });
};

/** Whole or not at all: written beside and renamed. */
const writeJson = async (path: string, value: unknown): Promise<void> => {
  await writeFile(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`);
  await rename(`${path}.new`, path);
};
