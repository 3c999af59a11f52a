// A distribution's own kernel as shipped: Debian's linux-image packages, with those that modules are built against.

import { join } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { sha256 } from '../kernel-key.ts';
import { runTool } from '../run-tool.ts';
import {
  type Archive,
  type ArchivedPackage,
  archiveSettings,
  archiveTools,
  downloadPackage,
  newestPackage,
  openArchive,
  type PackageRecord,
  upstreamVersion,
  word,
} from './apt-archive.ts';
import { downloadName, keptDownload } from './kept-download.ts';
import { sha256Text } from './pin-text.ts';
import type { SourceContext, SourceKind } from './source.ts';

const settings = z.strictObject({
  kind: z.literal('image'),
  // The package is one kernel's, or that which always depends on the newest of its series: `linux-image-cloud-amd64`.
  ...archiveSettings,
});

const pin = z.strictObject({
  kind: z.literal('image'),
  /** What the kernel is made of, by name. */
  packages: z
    .record(word, z.strictObject({ version: z.string().min(1), sha256: sha256Text }))
    .refine(
      (packages) => Object.keys(packages).filter(isImage).length === 1,
      'expected one package whose name begins with "linux-image-"',
    ),
});

type ImageSettings = z.infer<typeof settings>;
type ImagePin = z.infer<typeof pin>;

/** linux-image packages of Debian, unpacked as they are: nothing of them is compiled. */
export const image = {
  settings,
  pin,
  open: ({ kind, suites }, { packages }, place) => {
    const all = packagesOf(packages);
    const own = imageOf(all);
    return {
      layout: 'packages',
      facts: { kind, ...own, packages: all },
      version: upstreamVersion(own.version),
      digest: sha256(JSON.stringify(all.map((one) => [one.package, one.version, one.sha256]))),
      tools: [...archiveTools, 'dpkg-deb'],
      kept: all.map(downloadName),
      fetch: async (context) => {
        // Read once for all packages, and not at all where they are there.
        let archive: Promise<Archive> | undefined;
        for (const one of all)
          await keptDownload(one, context, async (file) => {
            archive ??= openArchive(suites, `${own.package} ${own.version}`, context);
            await downloadPackage(await archive, one, place, file);
          });
      },
      unpack: async (folder, context) => {
        for (const one of all) await unpackPackage(one, folder, context);
      },
    };
  },
  resolve: async (chosen, wanted, _place, context) => {
    const archive = await openArchive(chosen.suites, chosen.package, context);
    const found = await findPackages(chosen.package, (name, version) =>
      newestPackage(archive, name, version ?? (name === chosen.package ? wanted : undefined)),
    );
    return {
      kind: 'image',
      packages: Object.fromEntries(
        found.map((one) => [one.package, { version: one.version, sha256: one.sha256 }]),
      ),
    };
  },
} satisfies SourceKind<ImageSettings, ImagePin>;

/** The package that holds the kernel itself. */
export function imageOf(packages: readonly ArchivedPackage[]): ArchivedPackage {
  const found = packages.find((one) => isImage(one.package));
  if (found === undefined) throw new Error('bug: pins without an image passed their check');
  return found;
}

/** What a pin names, in the order of names. */
export function packagesOf(packages: ImagePin['packages']): ArchivedPackage[] {
  return Object.entries(packages)
    .map(([name, { version, sha256: digest }]) => ({ package: name, version, sha256: digest }))
    .toSorted((a, b) => (a.package < b.package ? -1 : 1));
}

/**
 * The image that `name` is or depends on, its headers, and of what those depend on the headers that flavours share and
 * the programs that build modules.
 * @param lookUp The newest version of a package, or the very one that is named.
 * @throws RingcrossError `KERNEL_IMAGE` where one of them is not named by the other.
 */
export async function findPackages(
  name: string,
  lookUp: (name: string, version?: string) => Promise<PackageRecord>,
): Promise<ArchivedPackage[]> {
  const first = await lookUp(name);
  const next = first.depends.find(isImage);
  const kernel = next === undefined ? first : await lookUp(next);
  if (!isImage(kernel.package)) throw misses(first, 'linux-image-');
  const headers = await lookUp(kernel.package.replace(/^linux-image-/, 'linux-headers-'), kernel.version);
  const shared = headers.depends.filter((one) => /^linux-(headers|kbuild)-/.test(one));
  for (const prefix of ['linux-headers-', 'linux-kbuild-'])
    if (!shared.some((one) => one.startsWith(prefix))) throw misses(headers, prefix);
  const parts: ArchivedPackage[] = [kernel, headers];
  // All of one source package, and so of one version.
  for (const one of shared) parts.push(await lookUp(one, kernel.version));
  return parts;
}

function misses({ package: name, version, depends }: PackageRecord, prefix: string): RingcrossError {
  return new RingcrossError(
    'KERNEL_IMAGE',
    `expected ${name} ${version} to depend on a package ${prefix}*, but it depends on ${depends.join(', ') || 'nothing'}`,
  );
}

async function unpackPackage(one: ArchivedPackage, folder: string, context: SourceContext): Promise<void> {
  context.onProgress(`${one.package} ${one.version}`, null);
  const file = join(context.sources, downloadName(one));
  const result = await runTool(['dpkg-deb', '--extract', file, folder], {
    env: hostEnvironment(),
    signal: context.signal,
  });
  if (!result.failed) return;
  throw new RingcrossError('KERNEL_SOURCE_UNPACK', `cannot unpack ${file}: ${result.stderr.trim()}`, {
    log: result.stderr,
  });
}

function isImage(name: string): boolean {
  return name.startsWith('linux-image-');
}
