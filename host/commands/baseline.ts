// `ringcross baseline`: takes a run's figures for what later runs are compared with.
import { canAccess } from '../../vm/can-access.ts';
import { mergeBaseline, readBaseline, writeBaseline } from '../baseline.ts';
import { readRun } from '../report/write.ts';

/** Returns a line on what the file holds now. Errors: USAGE, BASELINE. */
export const baselineCommand = async (dir: string, file: string): Promise<string> => {
  const { results } = await readRun(dir);
  const earlier = (await canAccess(file)) ? await readBaseline(file) : null;
  const baseline = mergeBaseline(earlier, results);
  await writeBaseline(file, baseline);
  return Object.entries(baseline.kernels)
    .map(([kernel, { release, figures }]) => `${kernel}\t${release}\t${Object.keys(figures).length} figures`)
    .join('\n');
};
