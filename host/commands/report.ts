// `ringcross report`: reports again from a run's folder.
import { relative } from 'node:path';
import { terminalSummary } from '../report/markdown.ts';
import {
  type ReadRun,
  readRun,
  writeKernels,
  writePage,
  writeReliability,
  writeReport,
} from '../report/write.ts';

/** The files of pages to publish; null for one that is not wanted. */
export interface Pages {
  results: string | null;
  reliability: string | null;
  kernels: string | null;
}

/** Errors: USAGE where the folder holds no run, or a page is asked for of which the run has nothing. */
export const reportCommand = async (dir: string, { results, reliability, kernels }: Pages): Promise<void> => {
  const found = await readRun(dir);
  await tellFound(dir, found, false);
  if (results !== null) {
    await writePage(results, found);
    tellPage(results);
  }
  if (reliability !== null) {
    await writeReliability(reliability, found);
    tellPage(reliability);
  }
  if (kernels !== null) {
    await writeKernels(kernels, found);
    tellPage(kernels);
  }
};

const tellPage = (path: string): void => void process.stderr.write(`page: ${path}\n`);

/** Writes the report; the tables, or the results for a program, go to standard output, its path to standard error. */
export const tellRun = async (dir: string, json: boolean): Promise<void> =>
  tellFound(dir, await readRun(dir), json);

const tellFound = async (dir: string, found: ReadRun, json: boolean): Promise<void> => {
  const { results, manifest } = found;
  const report = await writeReport(dir, found);
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${terminalSummary(results, manifest)}\n`);
  process.stderr.write(`\nreport: ${relative(process.cwd(), report)}\n`);
};
