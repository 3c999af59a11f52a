// The kinds of kernel source. A new kind is one file beside this one and one line in each list below.

import { z } from 'zod';
import { type DebianSettings, debian } from './debian.ts';
import type { KernelSource, Pin } from './source.ts';

/** The `source` of a kernel in kernels.json. */
export const sourceSettings = z.discriminatedUnion('kind', [debian.settings]);

/** The source that the settings and the pin describe. */
export function openSource(settings: DebianSettings, pin: Pin): KernelSource {
  return { debian }[settings.kind].open(settings, pin);
}
