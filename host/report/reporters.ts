// What a run is told to besides its report: files for other programs, and GitHub Actions where it runs there.
import { appendFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { githubAnnotations } from './github-commands.ts';
import { githubSummary, summaryBytes } from './github-summary.ts';
import { junitReport } from './junit.ts';
import { ktapReport } from './ktap.ts';
import { findPlaces } from './source-places.ts';
import type { ReadRun } from './write.ts';

/** `path` is null for the run's own folder. */
export type Reporter = { name: 'ktap' | 'junit'; path: string | null } | { name: 'github' };

/** As they are written on the command line. */
export const reporterWords = ['ktap[=FILE]', 'junit[=FILE]', 'github', 'none'] as const;

const fileNames = { ktap: 'report.ktap', junit: 'report.junit.xml' } as const;

/** `none` stands in the place of all others, also of one that is on by itself. Errors: USAGE. */
export const parseReporter = (text: string): Reporter | 'none' => {
  const [, name, file] = /^([a-z]+)(?:=(.+))?$/s.exec(text) ?? [];
  if (name === 'ktap' || name === 'junit') return { name, path: file === undefined ? null : resolve(file) };
  if (name === 'github' && file === undefined) return { name };
  if (text === 'none') return text;
  throw new RingcrossError(
    'USAGE',
    `expected a reporter, one of ${reporterWords.join(', ')}, but got ${text}`,
  );
};

/** What GitHub's runner sets. */
export interface Environment {
  GITHUB_ACTIONS?: string | undefined;
  GITHUB_STEP_SUMMARY?: string | undefined;
}

/** Those asked for, each once; in GitHub Actions its own is among them. Errors: USAGE where `none` is not alone. */
export const chooseReporters = (asked: readonly (Reporter | 'none')[], env: Environment): Reporter[] => {
  const reporters = asked.filter((one) => one !== 'none');
  if (reporters.length < asked.length) {
    if (reporters.length === 0) return [];
    throw new RingcrossError('USAGE', 'expected the reporter none alone, but there are others beside it');
  }
  if (env.GITHUB_ACTIONS === 'true') reporters.push({ name: 'github' });
  return [...new Map(reporters.map((one) => [JSON.stringify(one), one])).values()];
};

/**
 * Lets each report; one that fails keeps none of the others from it, and its error is returned: REPORT_WRITE.
 * @param say - a line for standard error, where GitHub's runner listens too: standard output is for results.
 */
export const report = async (
  dir: string,
  run: ReadRun,
  reporters: readonly Reporter[],
  env: Environment,
  say: (line: string) => void,
): Promise<RingcrossError[]> => {
  const errors: RingcrossError[] = [];
  for (const reporter of reporters) {
    const reportBy = reporter.name === 'github' ? reportToGithub(run, env) : reportToFile(dir, run, reporter);
    await reportBy.then(
      (lines) => lines.forEach(say),
      (cause: Error) => {
        const message = `expected the reporter ${reporter.name} to write its output, but: ${cause.message}`;
        errors.push(new RingcrossError('REPORT_WRITE', message, { cause }));
      },
    );
  }
  return errors;
};

const reportToFile = async (
  dir: string,
  { results, manifest }: ReadRun,
  { name, path: asked }: Extract<Reporter, { path: unknown }>,
): Promise<string[]> => {
  const path = asked ?? join(dir, 'report', fileNames[name]);
  const text =
    name === 'ktap' ? ktapReport(results, manifest) : junitReport(results, await findPlaces(process.cwd()));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return [`${name}: ${relative(process.cwd(), path)}`];
};

const reportToGithub = async ({ results, manifest }: ReadRun, env: Environment): Promise<string[]> => {
  const summary = env.GITHUB_STEP_SUMMARY;
  if (summary) {
    // A step may report more than once, and the limit is the file's.
    const { size } = await stat(summary).catch(() => ({ size: 0 }));
    await appendFile(summary, githubSummary(results, manifest, summaryBytes - size));
  }
  return githubAnnotations(results, await findPlaces(process.cwd()));
};
