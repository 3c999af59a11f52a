// `ringcross report`: reports again from a run's folder.
import { relative } from 'node:path';
import { terminalSummary } from '../report/markdown.ts';
import { type ReadRun, readRun, writePage, writeReport } from '../report/write.ts';

/** Errors: USAGE where the folder holds no run, or one that has nothing for the page. */
export const reportCommand = async (dir: string, page: string | null): Promise<void> =>
  await tellRun(dir, await readRun(dir), { json: false, page });

/**
 * Writes the report, and the page where one is asked for; prints the tables, or the results for a program, on standard
 * output, and where the files are on standard error.
 */
export const tellRun = async (
  dir: string,
  { results, manifest }: ReadRun,
  { json, page }: { json: boolean; page: string | null },
): Promise<void> => {
  const report = await writeReport(dir, { results, manifest });
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${terminalSummary(results, manifest)}\n`);
  process.stderr.write(`\nreport: ${relative(process.cwd(), report)}\n`);
  if (page === null) return;
  await writePage(page, { results, manifest });
  process.stderr.write(`page: ${page}\n`);
};
