// `kernel add`: a kernel is looked up where it comes from, and only then written down.

import { join } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { configFiles } from './config-folder.ts';
import { addKernel } from './edit-config.ts';
import { type KernelOptions, withStore } from './ensure.ts';
import { readKernelList } from './kernel-list.ts';
import { kernelName } from './kernels-file.ts';
import { resolveSource, type SourcePin, sourceSettings } from './sources/index.ts';

export interface KernelToAdd {
  name: string;
  /** Its `source` in kernels.json, as it is to be written: what it leaves out stays out. */
  source: z.input<typeof sourceSettings>;
  /** A version other than the newest that the settings allow. */
  wanted?: string | undefined;
}

/**
 * Adds a kernel to the kernels.json and the lock of `options.configFolder`, which are made where there are none.
 * A name of ringcross' own kernels may be taken: the project's then wins.
 * @returns Its pin.
 * @throws RingcrossError `USAGE` for a name that the folder has already or that can be none, `KERNEL_CONFIG`, and
 * `KERNEL_SOURCE_*` where the source is not to be had.
 */
export async function addKernelTo(
  configFolder: string,
  { name, source, wanted }: KernelToAdd,
  options: Pick<KernelOptions, 'signal' | 'onProgress'> = {},
): Promise<SourcePin> {
  const checked = kernelName.safeParse(name);
  if (!checked.success)
    throw new RingcrossError(
      'USAGE',
      `expected a kernel's name, got ${JSON.stringify(name)}: ${checked.error.issues[0]?.message}`,
    );
  const settings = sourceSettings.safeParse(source);
  if (!settings.success)
    throw new RingcrossError('USAGE', `expected a kernel's source, but: ${z.prettifyError(settings.error)}`);
  const list = await readKernelList(configFolder);
  if (list.kernels.get(name)?.folder === configFolder)
    throw new RingcrossError(
      'USAGE',
      `expected a new name, but ${join(configFolder, configFiles.kernels)} has a kernel ${name} already`,
      { next: `npx ringcross kernel update ${name}` },
    );
  return withStore(options, async (context) => {
    const pin = await resolveSource(settings.data, wanted, { name, folder: configFolder }, context);
    await addKernel(configFolder, name, { source }, pin);
    return pin;
  });
}
