// `ringcross run`: the main job, its report, and the status that tells whether all passed.
import { relative } from 'node:path';
import { forecastLines } from '../forecast.ts';
import type { Run } from '../run/execute.ts';
import { planRun } from '../run/plan-run.ts';
import type { CellOutcome, Results } from '../run/results.ts';
import { type ResumeOptions, resume } from '../run/resume.ts';
import { type RunOptions, run } from '../run/run.ts';
import { recordTimes } from '../times.ts';
import { tellRun } from './report.ts';

export interface Telling {
  /** For a program to read. */
  json: boolean;
  /** Writes the cells' times into the project. */
  recordTimes: boolean;
}

/** Prints the tables on standard output, where the report is on standard error; returns the status to exit with. */
export const runCommand = async (options: RunOptions, telling: Telling): Promise<number> =>
  tellDone(await run(options), options, telling);

/** The same for what is left of a run. */
export const resumeCommand = async (dir: string, options: ResumeOptions, telling: Telling): Promise<number> =>
  tellDone(await resume(dir, options), options, telling);

const tellDone = async (
  done: Run,
  { project, progress }: ResumeOptions,
  telling: Telling,
): Promise<number> => {
  progress[Symbol.dispose]();
  await tellRun(done.dir, done, telling.json);
  if (telling.recordTimes) {
    const path = await recordTimes(project.root, done.results.cells);
    process.stderr.write(`times: ${relative(process.cwd(), path)}\n`);
  }
  return exitStatus(done.results);
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
