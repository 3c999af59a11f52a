// `ringcross run`: the main job, its report, and the status that tells whether all passed.
import { relative } from 'node:path';
import { type Baseline, growthsOver, readBaseline } from '../baseline.ts';
import { forecastLines } from '../forecast.ts';
import { changeTable } from '../report/kernels.ts';
import { renderTable } from '../report/table.ts';
import type { Run } from '../run/execute.ts';
import { planRun } from '../run/plan-run.ts';
import type { CellOutcome, Results } from '../run/results.ts';
import { type ResumeOptions, resume } from '../run/resume.ts';
import { type RunOptions, run } from '../run/run.ts';
import { recordTimes } from '../times.ts';
import { type Told, tellRun } from './report.ts';

/** What of growth is allowed, and the file that says since when. */
export interface GrowthGate {
  /** A part of one. */
  allowed: number;
  baseline: string;
}

export interface Telling extends Told {
  /** Writes the cells' times into the project. */
  recordTimes: boolean;
  /** Null where growth is no failure. */
  gate: GrowthGate | null;
}

/**
 * Prints the tables on standard output, where the report is on standard error; returns the status to exit with. Errors:
 * those of `run`; BASELINE before anything runs.
 */
export const runCommand = (options: RunOptions, telling: Telling): Promise<number> =>
  tellRunOf(() => run(options), options, telling);

/** The same for what is left of a run. */
export const resumeCommand = (dir: string, options: ResumeOptions, telling: Telling): Promise<number> =>
  tellRunOf(() => resume(dir, options), options, telling);

const tellRunOf = async (
  work: () => Promise<Run>,
  { project, progress }: ResumeOptions,
  { recordTimes: isRecording, gate, ...told }: Telling,
): Promise<number> => {
  const baseline = gate && (await readBaseline(gate.baseline));
  const done = await work();
  progress[Symbol.dispose]();
  const isTold = await tellRun(done, told);
  if (isRecording) {
    const path = await recordTimes(project.root, done.results.cells);
    process.stderr.write(`times: ${relative(process.cwd(), path)}\n`);
  }
  const hasGrown = gate && baseline ? tellGrowths(gate.allowed, baseline, done.results) : false;
  if (!isTold) return 3;
  return exitStatus(done.results) || (hasGrown ? 1 : 0);
};

/** Whether a figure has grown by more than what is allowed; says which on standard error. */
const tellGrowths = (allowed: number, baseline: Baseline, results: Results): boolean => {
  const found = growthsOver(allowed, baseline, results);
  for (const { kernel, release, baseRelease, over, unknown } of found) {
    const since = release === baseRelease ? release : `${baseRelease}, now ${release}`;
    process.stderr.write(
      `\ngrowth of ${kernel} (${since}) by more than ${allowed * 100} %: ${over.length === 0 ? 'none' : `${over.length} figures`}\n`,
    );
    if (over.length > 0) process.stderr.write(`${renderTable(changeTable(over, 'instructions'))}\n`);
    if (unknown.length > 0)
      process.stderr.write(`not in the baseline: ${unknown.length} figures, the first ${unknown[0]}\n`);
  }
  return found.some(({ over }) => over.length > 0);
};

/** The plan for a person or a program; nothing is built and nothing boots. */
export const dryRunCommand = async (options: RunOptions, json: boolean): Promise<string> => {
  const { forecast, record } = await planRun(options, false);
  return json
    ? JSON.stringify({ digest: record.digest, ...forecast }, null, 2)
    : forecastLines(forecast).join('\n');
};

const broken: readonly CellOutcome[] = ['boot-failed', 'infrastructure'];

/** 3 where the machinery broke, 1 where a test or its guest failed, 0 where all passed or were skipped with a reason. */
export const exitStatus = ({ cells }: Results): number => {
  if (cells.some(({ outcome }) => broken.includes(outcome))) return 3;
  return cells.every(({ outcome }) => outcome === 'passed' || outcome === 'skipped') ? 0 : 1;
};
