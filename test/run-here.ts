// Runs a project's cells into a temporary folder, for tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '../host/progress.ts';
import type { Run } from '../host/run/execute.ts';
import { type RunOptions, run } from '../host/run/run.ts';
import { wholePlan } from '../host/shards.ts';

/** Lines of progress are a test runner's noise; failures carry their own logs. */
const quiet: Progress = { update: () => {}, line: () => {}, [Symbol.dispose]: () => {} };

const folders: string[] = [];

/** Removes what `runHere` left; for a file's `test.after.always`. */
export const removeRuns = async (): Promise<void> => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
};

export const runHere = async (
  options: Pick<RunOptions, 'project' | 'lenses'> & Partial<RunOptions>,
): Promise<Run> => {
  const base = await mkdtemp(join(tmpdir(), 'ringcross-test-'));
  folders.push(base);
  return await run({
    kernels: [],
    specs: [],
    shard: wholePlan,
    out: join(base, 'run'),
    jobs: 2,
    messages: null,
    silenceMs: null,
    isCold: false,
    progress: quiet,
    ...options,
  });
};
