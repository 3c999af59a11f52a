// `ringcross kernel`: the kernels of the config, built and found.

import { RingcrossError } from '../../vm/errors.ts';
import { ensureKernel, findKernel, listKernels, previewKernel } from '../kernel/index.ts';
import { kernelReporter, openProgress } from '../progress.ts';

export const kernelList = async (json: boolean): Promise<string> => {
  const kernels = await listKernels();
  if (json) return JSON.stringify(kernels, null, 2);
  return kernels
    .map(
      ({ name, version, built }) => `${name}\t${version}\t${built ? `built, ${built.release}` : 'not built'}`,
    )
    .join('\n');
};

/** Builds those named, or all of `defaults`; returns the images' paths, one a line. */
export const kernelBuild = async (names: readonly string[], signal: AbortSignal): Promise<string> => {
  const paths: string[] = [];
  for (const name of names) {
    using progress = openProgress();
    const kernel = await ensureKernel(name, { signal, onProgress: kernelReporter(name, progress) });
    progress.update(`kernel ${name}`, null);
    paths.push(kernel.vmlinux);
  }
  return paths.join('\n');
};

/** `name<tab>digest`, one a line: what a CI service keys its cache of kernels by. */
export const kernelKeys = async (names: readonly string[]): Promise<string> => {
  const lines = await Promise.all(
    names.map(async (name) => `${name}\t${(await previewKernel(name)).request}`),
  );
  return lines.join('\n');
};

/** Errors: USAGE where it is not built. */
export const kernelPath = async (name: string): Promise<string> => {
  const kernel = await findKernel(name);
  if (!kernel)
    throw new RingcrossError('USAGE', `expected kernel ${name} to be built, but it is not`, {
      next: `npx ringcross kernel build ${name}`,
    });
  return kernel.vmlinux;
};
