// `ringcross report`: reports again from a run's folder.
import { relative } from 'node:path';
import { terminalSummary } from '../report/markdown.ts';
import { type ReadRun, readRun, writePage, writeReport } from '../report/write.ts';

/** Errors: USAGE where the folder holds no run, or `page` is asked for and the run has no figures. */
export const reportCommand = async (dir: string, page: string | null): Promise<void> => {
  const found = await readRun(dir);
  await tellRun(dir, found, false);
  if (page === null) return;
  await writePage(page, found);
  process.stderr.write(`page: ${page}\n`);
};

/** Writes the report; the tables, or the results for a program, go to standard output, its path to standard error. */
export const tellRun = async (dir: string, { results, manifest }: ReadRun, json: boolean): Promise<void> => {
  const report = await writeReport(dir, { results, manifest });
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${terminalSummary(results, manifest)}\n`);
  process.stderr.write(`\nreport: ${relative(process.cwd(), report)}\n`);
};
