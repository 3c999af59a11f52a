// `ringcross merge`: the shards of a plan become one run.
import { merge } from '../run/merge.ts';
import { type Told, tellRun } from './report.ts';
import { exitStatus } from './run.ts';

/** Reports as `ringcross run` does, and returns its status. Errors: those of `merge`. */
export const mergeCommand = async (dirs: readonly string[], out: string, told: Told): Promise<number> => {
  const merged = await merge(dirs, out);
  const { commit } = merged.manifest.ringcross;
  if (commit?.endsWith('-dirty'))
    process.stderr.write(`note: all shards ran from ${commit}: what was changed there nobody can compare\n`);
  if (!(await tellRun(merged, told))) return 3;
  return exitStatus(merged.results);
};
