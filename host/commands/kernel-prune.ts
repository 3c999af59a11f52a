// `ringcross kernel prune`: what no kernel of the config leads to leaves the cache.

import { join } from 'node:path';
import { pruneKernels } from '../kernel/index.ts';
import { keptModuleNames, keptModules } from '../modules.ts';
import { kernelReporter, openProgress } from '../progress.ts';
import { ownRoot, type Project } from '../project.ts';

export interface PruneFlags {
  keep?: number;
  dryRun?: boolean;
  json?: boolean;
}

/** Returns what to print: a line for each thing that went, and the sum. Errors: those of `pruneKernels`. */
export const kernelPrune = async (
  { keep = 0, dryRun = false, json = false }: PruneFlags,
  project: Project,
  signal: AbortSignal,
): Promise<string> => {
  using progress = openProgress();
  const modulesDirs = [...new Set([project.modulesDir, join(ownRoot, 'kmod')])];
  const pruned = await pruneKernels({
    configFolder: project.kernelConfigDir,
    keep,
    isDryRun: dryRun,
    modules: keptModules(),
    modulesOf: async (kernel) =>
      (await Promise.all(modulesDirs.map((folder) => keptModuleNames(folder, kernel)))).flat(),
    signal,
    onProgress: kernelReporter('prune', progress),
  });
  const bytes = pruned.reduce((sum, one) => sum + one.bytes, 0);
  if (json) return JSON.stringify({ bytes, pruned }, null, 2);
  return [
    ...pruned.map((one) => `${one.bytes}\t${one.path}`),
    `${dryRun ? 'would free' : 'freed'} ${bytes} bytes`,
  ].join('\n');
};
