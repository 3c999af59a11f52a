// What every kind of kernel source offers. One record per kind stands in sources/index.ts.

import type { z } from 'zod';

/** A kernel's source, named in kernels.json and pinned in kernels.lock.json. */
export interface KernelSource {
  readonly facts: SourceFacts;
  /** The kernel's own version, without the packager's revision: `6.12.117`. */
  readonly version: string;
  /** Programs that fetching and unpacking run. */
  readonly tools: readonly string[];
  /** Downloads to `file`, which does not exist yet. The caller checks the digest. */
  fetch(file: string, context: SourceContext): Promise<void>;
  /** Unpacks a checked download, so that the kernel's top Makefile is `folder`/Makefile. `folder` exists, empty. */
  unpack(file: string, folder: string, context: SourceContext): Promise<void>;
}

/** What identifies a source in results. */
export interface SourceFacts {
  kind: string;
  package: string;
  /** The version with the packager's revision: `6.12.117-1`. */
  version: string;
  /** Of the downloaded file. */
  sha256: string;
  /** All that a kernel as shipped is made of, the one above among them. */
  packages?: readonly ({ package: string } & Pin)[] | undefined;
}

/** What fetching and unpacking may use of their surroundings. */
export interface SourceContext {
  /** A folder below the cache that this kind of source may keep its own state in. May not exist yet. */
  stateFolder: string;
  signal: AbortSignal | undefined;
  /** What is being done, and how far it is: 0 to 1, or null when that cannot be told. */
  onProgress(detail: string, fraction: number | null): void;
}

/** What the lock file pins of a download. */
export interface Pin {
  version: string;
  sha256: string;
}

/** One kind of source: the shape of its settings in kernels.json, and how it becomes a source. */
export interface SourceKind<Settings> {
  /** An object with `kind` as its literal tag. */
  readonly settings: z.ZodType<Settings>;
  open(settings: Settings, pin: Pin): KernelSource;
}
