// The kinds of kernel source. A new kind is one file beside this one and one line in each list below.

import { z } from 'zod';
import { debian } from './debian.ts';
import { dir } from './dir.ts';
import { git } from './git.ts';
import { image, imageOf, packagesOf } from './image.ts';
import { kernelOrg } from './kernel-org.ts';
import type { KernelSource, SourceContext, SourcePlace } from './source.ts';

const kinds = { debian, 'kernel.org': kernelOrg, git, dir, image };

/** The `source` of a kernel in kernels.json. */
export const sourceSettings = z.discriminatedUnion('kind', [
  debian.settings,
  kernelOrg.settings,
  git.settings,
  dir.settings,
  image.settings,
]);

/** What the lock file holds of a source, by its kind; of a working tree nothing. */
export const lockedPins = [debian.pin, kernelOrg.pin, git.pin, image.pin] as const;

export type SourceSettings = z.infer<typeof sourceSettings>;
export type SourcePin = z.infer<(typeof lockedPins)[number]> | z.infer<typeof dir.pin>;

/** The kind that a pin is of. */
export function kindOfPin(pin: SourcePin): SourceSettings['kind'] {
  return pin.kind ?? 'debian';
}

/** The source that the settings and the pin describe, both of one kind. */
export async function openSource(
  settings: SourceSettings,
  pin: SourcePin,
  place: SourcePlace,
): Promise<KernelSource> {
  return kindOf(settings).open(settings as never, pin as never, place);
}

/** A pin in one line. */
export function describePin(pin: SourcePin): string {
  switch (pin.kind) {
    case 'dir':
      return 'a working tree, as it is at each build';
    case 'git':
      return `${pin.version}, commit ${pin.commit}, tree ${pin.tree}`;
    case 'image': {
      const { package: name, version, sha256 } = imageOf(packagesOf(pin.packages));
      return `${name} ${version}, SHA-256 ${sha256}`;
    }
    default:
      return `${pin.version}, SHA-256 ${pin.sha256}`;
  }
}

/**
 * The newest pin that the settings allow, or that of the version `wanted`.
 * @throws RingcrossError `KERNEL_SOURCE_*`.
 */
export async function resolveSource(
  settings: SourceSettings,
  wanted: string | undefined,
  place: SourcePlace,
  context: SourceContext,
): Promise<SourcePin> {
  return kindOf(settings).resolve(settings as never, wanted, place, context);
}

// Which settings go with which pin the compiler cannot follow through a union: the caller has compared their kinds.
interface AnyKind {
  open(settings: never, pin: never, place: SourcePlace): KernelSource | Promise<KernelSource>;
  resolve(
    settings: never,
    wanted: string | undefined,
    place: SourcePlace,
    context: SourceContext,
  ): Promise<SourcePin>;
}

function kindOf({ kind }: SourceSettings): AnyKind {
  return kinds[kind];
}
