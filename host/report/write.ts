// Reads a run's folder and writes its report and its pages.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { readConfigs } from '../run/kernel-configs.ts';
import type { Manifest } from '../run/manifest.ts';
import { type Results, resultsSchema } from '../run/results.ts';
import { type Configs, kernelsPage } from './kernels.ts';
import { markdownReport } from './markdown.ts';
import { resultsPage } from './page.ts';
import { withNotes } from './page-notes.ts';
import { reliabilityPage } from './reliability.ts';

export interface ReadRun {
  results: Results;
  manifest: Manifest;
  /** Final configs by kernel; none of a run that did not keep them. */
  configs: Configs;
}

/** Errors: USAGE where the folder holds no run of this version. */
export const readRun = async (dir: string): Promise<ReadRun> => {
  const read = async (name: string): Promise<unknown> => {
    const text = await readFile(join(dir, name), 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new RingcrossError(
        'USAGE',
        `expected a run's folder, but ${join(dir, name)} cannot be read: ${cause.code}`,
      );
    });
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new RingcrossError('USAGE', `expected JSON in ${join(dir, name)}, but it is damaged`, { cause });
    }
  };
  const results = resultsSchema.safeParse(await read('results.json'));
  if (!results.success)
    throw new RingcrossError(
      'USAGE',
      `expected results of schema 1 in ${dir}, but: ${z.prettifyError(results.error)}`,
    );
  return {
    results: results.data,
    manifest: (await read('manifest.json')) as Manifest,
    configs: await readConfigs(dir),
  };
};

/** Writes `report/report.md` into the run's folder and returns its path. */
export const writeReport = async (dir: string, { results, manifest, configs }: ReadRun): Promise<string> => {
  const path = join(dir, 'report', 'report.md');
  await writeWithFolder(path, markdownReport(results, manifest, configs));
  return path;
};

/** Writes the page of results to a file, whose folder is made. Errors: USAGE, as `resultsPage`. */
export const writePage = async (path: string, { results, manifest }: ReadRun): Promise<void> =>
  writeWithFolder(path, resultsPage(results, manifest));

/** The same of the page of reliability. Errors: USAGE, as `reliabilityPage`. */
export const writeReliability = async (path: string, { results, manifest }: ReadRun): Promise<void> =>
  writeWithFolder(path, reliabilityPage(results, manifest));

/** The same of the page of several kernels side by side, which keeps its notes. Errors: USAGE, as `kernelsPage`. */
export const writeKernels = async (path: string, { results, manifest, configs }: ReadRun): Promise<void> => {
  const earlier = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  await writeWithFolder(path, withNotes(kernelsPage(results, manifest, configs), earlier));
};

const writeWithFolder = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};
