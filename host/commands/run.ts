// `ringcross run`: the main job, its report, and the status that tells whether all passed.
import type { Reporter } from '../report/reporters.ts';
import type { CellOutcome, Results } from '../run/results.ts';
import { type RunOptions, run } from '../run/run.ts';
import { tellRun } from './report.ts';

/** Prints the tables on standard output, where the report is on standard error; returns the status to exit with. */
export const runCommand = async (
  options: RunOptions,
  told: { json: boolean; reporters: readonly Reporter[] },
): Promise<number> => {
  const done = await run(options);
  options.progress[Symbol.dispose]();
  return (await tellRun(done.dir, done, told)) ? exitStatus(done.results) : 3;
};

const broken: readonly CellOutcome[] = ['boot-failed', 'infrastructure'];

/** 3 where the machinery broke, 1 where a test or its guest failed, 0 where all passed or were skipped with a reason. */
export const exitStatus = ({ cells }: Results): number => {
  if (cells.some(({ outcome }) => broken.includes(outcome))) return 3;
  return cells.every(({ outcome }) => outcome === 'passed' || outcome === 'skipped') ? 0 : 1;
};
