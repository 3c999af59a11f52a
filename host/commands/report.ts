// `ringcross report`: reports again from a run's folder.
import { relative } from 'node:path';
import { terminalSummary } from '../report/markdown.ts';
import { type Reporter, report } from '../report/reporters.ts';
import {
  type ReadRun,
  readRun,
  writeKernels,
  writePage,
  writeReliability,
  writeReport,
} from '../report/write.ts';
import type { Run } from '../run/execute.ts';
import { readConfigs } from '../run/kernel-configs.ts';

/** The files of pages to publish; null for one that is not wanted. */
export interface Pages {
  results: string | null;
  reliability: string | null;
  kernels: string | null;
}

/**
 * Returns the status to exit with: 3 where a reporter failed.
 * Errors: USAGE where the folder holds no run, or a page is asked for of which the run has nothing.
 */
export const reportCommand = async (
  dir: string,
  reporters: readonly Reporter[],
  { results, reliability, kernels }: Pages,
): Promise<number> => {
  const found = await readRun(dir);
  const isTold = await tellFound(dir, found, { json: false, reporters });
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
  return isTold ? 0 : 3;
};

const tellPage = (path: string): void => say(`page: ${path}`);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What is told beside the report. */
export interface Told {
  /** The results for a program, in the place of tables. */
  json: boolean;
  reporters: readonly Reporter[];
}

/**
 * Writes the report; the tables, or the results for a program, go to standard output, its path to standard error. Then the
 * reporters do theirs: false where one of them failed, which is said.
 */
export const tellRun = async ({ dir, ...run }: Run, told: Told): Promise<boolean> =>
  tellFound(dir, { ...run, configs: await readConfigs(dir) }, told);

const tellFound = async (dir: string, run: ReadRun, { json, reporters }: Told): Promise<boolean> => {
  const { results, manifest } = run;
  const path = await writeReport(dir, run);
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${terminalSummary(results, manifest)}\n`);
  say(`\nreport: ${relative(process.cwd(), path)}`);
  const errors = await report(dir, run, reporters, process.env, say);
  for (const { code, message } of errors) say(`ringcross: ${code}: ${message}`);
  return errors.length === 0;
};
