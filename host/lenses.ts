// Which lenses a run takes, from what was asked for and what the host can do.

import { RingcrossError } from '../vm/errors.ts';
import { type Lens, lenses } from '../vm/lens.ts';
import { knownProbe, type ProbeResult, probeCycles } from '../vm/probe.ts';
import { cacheRoot } from './cache.ts';
import { type GuestImages, guestOf } from './guest-images.ts';
import type { BuiltKernel } from './kernel/index.ts';

export const lensWords = ['auto', ...lenses] as const;
export type LensWord = (typeof lensWords)[number];

/**
 * The lenses, in the order of the table. `auto`: cycles where the probe passed, always instructions, and emulated
 * where there are no cycles, so that several CPUs are exercised at least functionally. Errors: LENS_REFUSED. Pure.
 */
export const chooseLenses = (words: readonly LensWord[], probe: ProbeResult | null): Lens[] => {
  const wanted = new Set<Lens>();
  for (const word of words.length > 0 ? words : (['auto'] as const)) {
    if (word !== 'auto') wanted.add(word);
    else for (const lens of autoLenses(probe)) wanted.add(lens);
  }
  if (wanted.has('cycles') && !probe?.works)
    throw new RingcrossError(
      'LENS_REFUSED',
      `expected KVM for the lens cycles, but: ${probe?.reason ?? 'not probed'}`,
      {
        next: 'ringcross run --lens instructions',
      },
    );
  return lenses.filter((lens) => wanted.has(lens));
};

const autoLenses = (probe: ProbeResult | null): Lens[] =>
  probe?.works ? ['cycles', 'instructions'] : ['instructions', 'emulated'];

/** Whether the words need to know about cycles at all: a probe may cost its whole deadline. */
export const needsProbe = (words: readonly LensWord[]): boolean =>
  words.length === 0 || words.includes('auto') || words.includes('cycles');

/** For a command or a person, whose ticks nobody counts: KVM where an earlier probe found it, without asking anew. */
export const quickestLens = async (): Promise<Lens> =>
  (await knownProbe(cacheRoot()))?.works ? 'cycles' : 'emulated';

/** Probes the cycles lens with this kernel and these disks. Errors: INTERRUPTED. */
export const probe = async (
  kernel: BuiltKernel,
  images: GuestImages,
  signal: AbortSignal | undefined,
): Promise<ProbeResult> => {
  return await probeCycles(cacheRoot(), {
    ...(await guestOf(kernel, images)),
    parcel: null,
    memoryMiB: 512,
    cmdline: '',
    consoleLog: null,
    signal,
  });
};
