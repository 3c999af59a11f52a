// `ringcross kernel list`, `build` and `path`: the kernels of the config, built and found.

import { RingcrossError } from '../../vm/errors.ts';
import {
  defaultConfigFolder,
  ensureKernel,
  findKernel,
  type ListedKernel,
  listKernels,
  previewKernel,
} from '../kernel/index.ts';
import { kernelReporter, openProgress } from '../progress.ts';

export const kernelList = async (configFolder: string, json: boolean): Promise<string> => {
  const kernels = await listKernels({ configFolder });
  return json ? JSON.stringify(kernels, null, 2) : kernels.map(kernelLine).join('\n');
};

/** Name, version, kind of source, where it is named and whether it is built. */
const kernelLine = ({ name, folder, version, source, problem, built }: ListedKernel): string =>
  [
    name,
    version ?? 'unknown',
    source?.kind ?? '-',
    folder === defaultConfigFolder ? "ringcross' own" : folder,
    problem ?? (built === undefined ? 'not built' : `built, ${built.release}`),
  ].join('\t');

/** Builds those named; returns the images' paths, one a line. */
export const kernelBuild = async (
  names: readonly string[],
  configFolder: string,
  signal: AbortSignal,
): Promise<string> => {
  const paths: string[] = [];
  for (const name of names) {
    using progress = openProgress();
    const onProgress = kernelReporter(name, progress);
    const kernel = await ensureKernel(name, { configFolder, signal, onProgress });
    progress.update(`kernel ${name}`, null);
    paths.push(kernel.vmlinux);
  }
  return paths.join('\n');
};

/** `name<tab>digest`, one a line: what a CI service keys its cache of kernels by. */
export const kernelKeys = async (names: readonly string[], configFolder: string): Promise<string> => {
  const lines = await Promise.all(
    names.map(async (name) => `${name}\t${(await previewKernel(name, { configFolder })).request}`),
  );
  return lines.join('\n');
};

/** Errors: USAGE where it is not built. */
export const kernelPath = async (name: string, configFolder: string): Promise<string> => {
  const kernel = await findKernel(name, { configFolder });
  if (!kernel)
    throw new RingcrossError('USAGE', `expected kernel ${name} to be built, but it is not`, {
      next: `npx ringcross kernel build ${name}`,
    });
  return kernel.vmlinux;
};
