// A distribution's own kernel as shipped: Debian's linux-image packages, with those that modules are built against.

import { z } from 'zod';
import { RingcrossError } from '../../../vm/errors.ts';
import { type Archive, downloadPackage, openArchive, upstreamVersion, word } from './debian.ts';
import type { SourceContext, SourceFacts } from './source.ts';

/** The `source` of such a kernel in kernels.json. */
export const imageSettings = z.strictObject({
  kind: z.literal('image'),
  /** The package that always depends on the newest of its series: `linux-image-cloud-amd64`. */
  package: word,
  /** Searched in order; one that ends in `-security` is looked for on the security mirror. */
  suites: z.array(word).min(1),
});

export type ImageSettings = z.infer<typeof imageSettings>;

/** What the lock file pins of such a kernel: each package that it is made of, by name. */
export const imagePins = z
  .record(
    word,
    z.strictObject({
      version: z.string().min(1),
      sha256: z.string().regex(/^[\da-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
    }),
  )
  .refine(
    (pins) => Object.keys(pins).filter(isImage).length === 1,
    'expected one package whose name begins with "linux-image-"',
  );

export type ImagePins = z.infer<typeof imagePins>;

/** One package of a kernel as shipped. */
export interface ShippedPackage {
  readonly facts: SourceFacts;
  /** Downloads to `file`, which does not exist yet. The caller checks the digest. */
  fetch(file: string, context: SourceContext): Promise<void>;
}

/** A kernel as shipped, named in kernels.json and pinned in kernels.lock.json. */
export interface ShippedKernel {
  /** Of the image's package, with all packages beside. */
  readonly facts: SourceFacts;
  /** The kernel's own version, without the packager's revision: `6.1.192`. */
  readonly version: string;
  /** Programs that fetching and unpacking run. */
  readonly tools: readonly string[];
  readonly packages: readonly ShippedPackage[];
}

/** The kernel that the settings and the pins describe. */
export function openImage({ kind, package: newest, suites }: ImageSettings, pins: ImagePins): ShippedKernel {
  const packages = Object.entries(pins).map(([name, { version, sha256 }]) => ({
    package: name,
    version,
    sha256,
  }));
  const image = packages.find((one) => isImage(one.package));
  if (image === undefined) throw new Error('bug: pins without an image passed their check');
  // Read once for all packages.
  let archive: Promise<Archive> | undefined;
  const fetch = async (one: (typeof packages)[number], file: string, context: SourceContext) => {
    archive ??= openArchive(suites, image.package, context);
    const opened = await archive;
    await downloadPackage(opened, { package: one.package, suites }, one, file, context).catch((error) => {
      throw isGone(error) ? newerNamed(error, newest, opened) : error;
    });
  };
  return {
    facts: { kind, ...image, packages },
    version: upstreamVersion(image.version),
    tools: ['apt-get', 'apt-cache', 'dpkg-deb', 'bash'],
    packages: packages.map((one) => ({
      facts: { kind, ...one },
      fetch: (file, context) => fetch(one, file, context),
    })),
  };
}

const isGone = (error: unknown): error is RingcrossError =>
  error instanceof RingcrossError && error.code === 'KERNEL_SOURCE_GONE';

/** A newer kernel has packages of other names, so that other versions of the pinned ones are no help. */
const newerNamed = (error: RingcrossError, newest: string, { apt }: Archive): RingcrossError =>
  new RingcrossError(error.code, `${error.message}. The newest of the series is what ${newest} depends on`, {
    cause: error,
    next: `apt-cache -c ${apt.configFile} depends ${newest}`,
  });

const isImage = (name: string): boolean => name.startsWith('linux-image-');
