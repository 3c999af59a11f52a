// Runs a project's cells into a temporary folder, for tests.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '../host/progress.ts';
import { type Run, type RunOptions, run } from '../host/run/run.ts';

/** Lines of progress are a test runner's noise; failures carry their own logs. */
const quiet: Progress = { update: () => {}, line: () => {}, [Symbol.dispose]: () => {} };

export const runHere = async (
  options: Pick<RunOptions, 'project' | 'lenses'> & Partial<RunOptions>,
): Promise<Run> => {
  const base = await mkdtemp(join(tmpdir(), 'ringcross-test-'));
  return await run({
    kernels: [],
    specs: [],
    out: join(base, 'run'),
    jobs: 2,
    messages: null,
    silenceMs: null,
    progress: quiet,
    ...options,
  });
};
