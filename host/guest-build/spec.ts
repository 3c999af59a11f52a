// A spec on the host: what it declares, and the one file it becomes for the guest.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join, matchesGlob } from 'node:path';
import { type BuildFailure, build } from 'esbuild';
import { execa } from 'execa';
import { validRange } from 'semver';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { inParallel } from '../in-parallel.ts';
import { moduleBeside, type Project, pinnedNode } from '../project.ts';

const needsSchema = z.strictObject({
  /** Symbols the kernel must have: `CONFIG_X`, or `CONFIG_X=value`. */
  config: z.array(z.string().regex(/^CONFIG_\w+(=.+)?$/)).default([]),
  /** Folders of the project's modules, loaded in this order. */
  modules: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          name: z.string(),
          parameters: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
        }),
      ]),
    )
    .default([]),
  /** Extra words for the kernel's command line. */
  cmdline: z.string().default(''),
  /** Virtual CPUs the machine must have. */
  cpus: z.int().min(1).default(1),
  /** Features of the CPU, by QEMU's names or those of /proc/cpuinfo. */
  cpuFeatures: z.array(z.string().regex(/^[\w.-]+$/)).default([]),
  /** Versions of the kernel, as a range of semver. */
  kernel: z
    .string()
    .refine((text) => validRange(text) !== null, 'expected a range of versions such as ">=6.1"')
    .default('*'),
});

export type Needs = z.infer<typeof needsSchema>;

/** A module that a spec needs, with its parameters, whichever way it is written. */
export const moduleNeed = (need: Needs['modules'][number]) =>
  typeof need === 'string' ? { name: need, parameters: {} } : need;

/** What a spec declares, read without running a test of it. */
export interface SpecFile {
  /** `pipe` of `pipe.spec.ts`. */
  name: string;
  path: string;
  needs: Needs;
  /** Titles of the tests it declares while it loads, with those of their suites, in order. */
  titles: string[];
  /** Those of them that share their kernel with no other test. */
  isolated: string[];
  /** Why it cannot be run at all; null where it can. */
  loadError: RingcrossError | null;
}

const suffix = '.spec.ts';

/** The project's specs whose names match one of the globs, sorted. Errors: USAGE where a glob matches none. */
export const findSpecs = async (project: Project, globs: readonly string[]): Promise<string[]> => {
  const names = (await readdir(project.specsDir).catch(() => []))
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .sort();
  if (names.length === 0)
    throw new RingcrossError('USAGE', `expected *${suffix} files in ${project.specsDir}, but there are none`);
  for (const glob of globs)
    if (!names.some((name) => matchesGlob(name, glob)))
      throw new RingcrossError(
        'USAGE',
        `expected a spec that matches ${glob}, but there are only: ${names.join(', ')}`,
      );
  const wanted = names.filter((name) => globs.length === 0 || globs.some((glob) => matchesGlob(name, glob)));
  return wanted.map((name) => join(project.specsDir, `${name}${suffix}`));
};

/** Reads specs, no more at once than there are CPUs: each is a process of its own, and has to end in time. */
export const readSpecs = (paths: readonly string[]): Promise<SpecFile[]> =>
  inParallel(availableParallelism(), paths, (path) => readSpec(path));

/** A spec takes a second to load; one that is not done after so long waits for something, milliseconds. */
const loadDeadlineMs = 60_000;

/**
 * Imports the spec in a process of its own where node:test only collects, and returns what it declares. A spec that does
 * not load has its error in `loadError`: it fails its own cells and no others.
 */
export const readSpec = async (path: string, deadlineMs = loadDeadlineMs): Promise<SpecFile> => {
  const name = basename(path, suffix);
  const broken = (message: string, log?: string): SpecFile => ({
    name,
    path,
    needs: needsSchema.parse({}),
    titles: [],
    isolated: [],
    loadError: new RingcrossError('SPEC_LOAD', message, log ? { log } : {}),
  });
  const result = await execa(pinnedNode, [moduleBeside(import.meta, 'collect'), path], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    reject: false,
    timeout: deadlineMs,
    env: { NODE_NO_WARNINGS: '1' },
  });
  if (result.timedOut)
    return broken(
      `expected the spec ${name} to load within ${deadlineMs / 1000} s, but it did not`,
      String(result.stderr),
    );
  if (result.failed) return broken(`expected the spec ${name} to load, but it threw`, String(result.stderr));
  const declared = JSON.parse(String(result.stdio[3])) as {
    needs: unknown;
    titles: string[];
    isolated: string[];
  };
  const needs = needsSchema.safeParse(declared.needs ?? {});
  if (!needs.success) return broken(`expected valid needs in ${name}, but: ${z.prettifyError(needs.error)}`);
  const twice = declared.titles.find((title, index) => declared.titles.indexOf(title) !== index);
  // Results are told by title: of two with one title, one would hide the other.
  if (twice !== undefined)
    return broken(`expected a title of its own for each test of ${name}, but two are "${twice}"`);
  return {
    name,
    path,
    needs: needs.data,
    titles: declared.titles,
    isolated: declared.isolated,
    loadError: null,
  };
};

/** The spec as one file of JavaScript. Errors: SPEC_LOAD. */
export const bundleSpec = async (
  project: Project,
  path: string,
): Promise<{ name: string; content: Buffer }> => {
  const name = `${basename(path, '.ts')}.mjs`;
  try {
    const { outputFiles } = await build({
      entryPoints: [path],
      absWorkingDir: project.root,
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      external: ['ringcross/*'],
      sourcemap: 'inline',
      sourcesContent: false,
      // As if it stood at the project's root: the source map then names files as the project does.
      outfile: join(project.root, basename(path, '.ts')),
      logLevel: 'silent',
    });
    return { name, content: Buffer.from(outputFiles[0]?.contents ?? []) };
  } catch (cause) {
    if (!isBuildFailure(cause)) throw cause;
    const log = cause.errors
      .map(({ text, location }) => `${location?.file}:${location?.line}: ${text}`)
      .join('\n');
    throw new RingcrossError('SPEC_LOAD', `expected ${basename(path)} to compile, but it does not`, {
      log,
      cause,
    });
  }
};

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);
