// What every kind of kernel source offers. One record per kind stands in sources/index.ts.

import { z } from 'zod';

/** A kernel's source, named in kernels.json and, where it can be, pinned in kernels.lock.json. */
export interface KernelSource {
  /** What `unpack` lays out: a tree that is configured and built, or a distribution's packages, which are not. */
  readonly layout: 'tree' | 'packages';
  readonly facts: SourceFacts;
  /** The kernel's own version, without the packager's revision: `6.12.117`. */
  readonly version: string;
  /** Identifies the content, whatever it is called and wherever it comes from: part of the cache's keys. */
  readonly digest: string;
  /** Programs that fetching and unpacking run. */
  readonly tools: readonly string[];
  /** What it keeps among the sources of the cache, by name. */
  readonly kept: readonly string[];
  /**
   * Brings into the cache what unpacking needs, and checks it against the pin; what is there already is not
   * brought again.
   */
  fetch(context: SourceContext): Promise<void>;
  /**
   * After `fetch`: lays the kernel out, a tree with its top Makefile at `folder`/Makefile, packages as if `folder` were
   * the root they are installed in. `folder` exists, empty.
   */
  unpack(folder: string, context: SourceContext): Promise<void>;
}

const text = z.string();

/** What identifies a source in results, by its kind. */
export const sourceFacts = z.discriminatedUnion('kind', [
  // Version: with the packager's revision, `6.12.117-1`. SHA-256: of the downloaded file.
  z.object({ kind: z.literal('debian'), package: text, version: text, sha256: text }),
  z.object({ kind: z.literal('kernel.org'), package: text, version: text, sha256: text }),
  // Tree: git's own hash over every name, mode and byte of the commit.
  z.object({ kind: z.literal('git'), repository: text, version: text, commit: text, tree: text }),
  // Packages: all that a kernel as shipped is made of, the image itself among them.
  z.object({
    kind: z.literal('image'),
    package: text,
    version: text,
    sha256: text,
    packages: z.array(z.object({ package: text, version: text, sha256: text })).readonly(),
  }),
  // A working tree as it was, as kernels.json names it. Tree: what git would call it if it were committed.
  z.object({ kind: z.literal('dir'), path: text, version: text, tree: text }),
]);

export type SourceFacts = z.infer<typeof sourceFacts>;

/** A source in one line, for a report. */
export function describeSource(facts: SourceFacts): string {
  switch (facts.kind) {
    case 'git':
      return `${facts.repository} ${facts.version}, commit ${facts.commit}, tree ${facts.tree}`;
    case 'dir':
      return `working tree ${facts.path} ${facts.version}, not pinned, tree ${facts.tree}`;
    case 'image':
      return `as shipped: ${facts.packages.map(describePackage).join('; ')}`;
    default:
      return describePackage(facts);
  }
}

function describePackage(one: { package: string; version: string; sha256: string }): string {
  return `${one.package} ${one.version}, SHA-256 ${one.sha256}`;
}

/** What fetching and unpacking may use of their surroundings. */
export interface SourceContext {
  /** The folder of all sources in the cache. May not exist yet. */
  sources: string;
  /** A folder below the cache that apt may keep its own state in. May not exist yet. */
  stateFolder: string;
  signal: AbortSignal | undefined;
  /** What is being done, and how far it is: 0 to 1, or null when that cannot be told. */
  onProgress(detail: string, fraction: number | null): void;
}

/** Which kernel of which kernel-config folder a source belongs to. */
export interface SourcePlace {
  /** The kernel's name, for what an error says to type. */
  name: string;
  /** The folder of its kernels.json: relative paths in the settings start there. */
  folder: string;
}

/** One kind of source: the shape of its settings in kernels.json and of its pin in kernels.lock.json. */
export interface SourceKind<Settings, Pin> {
  /** An object with `kind` as its literal tag. */
  readonly settings: z.ZodType<Settings>;
  /** Likewise, of what the lock file holds. */
  readonly pin: z.ZodType<Pin>;
  open(settings: Settings, pin: Pin, place: SourcePlace): KernelSource | Promise<KernelSource>;
  /**
   * The pin of the newest version that the settings allow, or of the very one `wanted`, looked up where the source
   * comes from.
   * @throws RingcrossError `KERNEL_SOURCE_*` where it is not to be had.
   */
  resolve(
    settings: Settings,
    wanted: string | undefined,
    place: SourcePlace,
    context: SourceContext,
  ): Promise<Pin>;
}

/** What to type where the pinned version is no longer to be had. */
export function updateCommand({ name }: SourcePlace): string {
  return `npx ringcross kernel update ${name}`;
}
