// Release tarballs of kernel.org, by their signed list of digests.

import { dirname, join, resolve } from 'node:path';
import { compare } from 'semver';
import { z } from 'zod';
import { RingcrossError } from '../../../vm/errors.ts';
import { defaultConfigFolder } from '../config-folder.ts';
import { downloadUrl, readUrl } from './http-file.ts';
import { downloadName, keptDownload } from './kept-download.ts';
import { sha256Text } from './pin-text.ts';
import { readSignedSums, readSigningKey, type Signer } from './signed-sums.ts';
import { type SourceContext, type SourceKind, type SourcePlace, updateCommand } from './source.ts';
import { unpackTar, unpackTools } from './unpack-tar.ts';

const settings = z.strictObject({
  kind: z.literal('kernel.org'),
  /** Whose point releases an update follows: `6.12`. */
  series: z.string().regex(/^\d+\.\d+$/, 'expected a series such as "6.12"'),
  /** The folder that holds `v6.x/`; kernel.org's own by default. */
  mirror: z.url({ protocol: /^https?$/ }).optional(),
  /** The file of the public key that the digests are signed with, in this folder or else in ringcross' own. */
  key: z.string().min(1).default('keys/kernel.org.asc'),
  /** Which key in it; kernel.org's checksum autosigner by default. */
  fingerprint: z
    .string()
    .regex(/^([\da-f]{40}|[\da-f]{64})$/, 'expected a whole fingerprint, lower-case hexadecimal digits')
    .default('b8868c80ba62a1fffaf5fda9632d3a06589da6b1'),
});

const pin = z.strictObject({
  kind: z.literal('kernel.org'),
  version: z.string().regex(/^\d+\.\d+(\.\d+)?$/, 'expected a version such as "6.12.50"'),
  /** Of the tarball. */
  sha256: sha256Text,
});

export type KernelOrgSettings = z.infer<typeof settings>;
type KernelOrgPin = z.infer<typeof pin>;

/** What names another mirror; it wins over the one of kernels.json. */
export const mirrorVariable = 'RINGCROSS_KERNEL_ORG_MIRROR';

const ownMirror = 'https://cdn.kernel.org/pub/linux/kernel/';

/**
 * Tarballs by version. A pin is made of kernel.org's signed list and of nothing else; from then on the digest in the
 * lock file is what a download has to have, with no key at hand.
 */
export const kernelOrg = {
  settings,
  pin,
  open: (chosen, { version, sha256 }, place) => {
    const wanted = { package: `linux-${version}.tar.xz`, version, sha256 };
    return {
      layout: 'tree',
      facts: { kind: chosen.kind, ...wanted },
      version,
      digest: sha256,
      tools: ['xz', ...unpackTools],
      kept: [downloadName(wanted)],
      fetch: async (context) => {
        await keptDownload(wanted, context, (file) => fetchTarball(chosen, version, place, file, context));
      },
      unpack: async (folder, context) => {
        const file = join(context.sources, downloadName(wanted));
        context.onProgress(`${wanted.package}, about 1.5 GB`, null);
        const top = `linux-${version}`;
        const producer = 'xz --decompress --stdout --threads=0 "$1"';
        await unpackTar(producer, { what: file, top, args: [file] }, folder, context);
      },
    };
  },
  resolve: pinFromSums,
} satisfies SourceKind<KernelOrgSettings, KernelOrgPin>;

async function fetchTarball(
  chosen: KernelOrgSettings,
  version: string,
  place: SourcePlace,
  file: string,
  { signal, onProgress }: SourceContext,
): Promise<void> {
  const url = `${releaseFolder(chosen)}linux-${version}.tar.xz`;
  const found = await downloadUrl(url, file, {
    signal,
    onFraction: (fraction) => onProgress(url, fraction),
  });
  if (found) return;
  throw new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `kernels.lock.json pins Linux ${version}, but there is no ${url}`,
    { next: updateCommand(place) },
  );
}

async function pinFromSums(
  chosen: KernelOrgSettings,
  wanted: string | undefined,
  place: SourcePlace,
  { signal, onProgress }: SourceContext,
): Promise<KernelOrgPin> {
  // Before anything is asked of the network: without it nothing that comes is believed.
  const signingKey = await readSigningKey(signerOf(chosen, place));
  const url = `${releaseFolder(chosen)}sha256sums.asc`;
  onProgress(url, null);
  const text = await readUrl(url, { signal });
  if (text === undefined)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `expected the signed list of digests, but there is no ${url}`,
    );
  const sums = await readSignedSums(text, signingKey, url);
  const versions = seriesVersions(sums.keys(), chosen.series);
  const version = wanted ?? versions[0];
  const sha256 = sums.get(`linux-${version}.tar.xz`);
  if (version !== undefined && sha256 !== undefined) return { kind: 'kernel.org', version, sha256 };
  throw new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `expected Linux ${wanted ?? `${chosen.series} of any version`} in ${url}, which has ` +
      (versions.length > 0 ? versions.join(', ') : `none of the series ${chosen.series}`),
  );
}

function releaseFolder({ mirror, series }: KernelOrgSettings): string {
  const base = process.env[mirrorVariable] || mirror || ownMirror;
  return `${base.replace(/\/*$/, '/')}v${series.split('.')[0]}.x/`;
}

function signerOf({ key, fingerprint }: KernelOrgSettings, { folder }: SourcePlace): Signer {
  const keyFile = resolve(folder, key);
  return {
    // It is believed for its fingerprint, so it does not matter who put it there.
    keyFiles: [keyFile, resolve(defaultConfigFolder, key)],
    fingerprint,
    next:
      `mkdir -p ${dirname(keyFile)} && gpg --locate-keys autosigner@kernel.org && ` +
      `gpg --armor --export ${fingerprint} > ${keyFile}`,
  };
}

/** The point releases of a series among the names of tarballs, newest first. `6.12` is its own zeroth. */
export function seriesVersions(names: Iterable<string>, series: string): string[] {
  const versions = [...names].flatMap((name) => {
    const version = /^linux-(\d+\.\d+(?:\.\d+)?)\.tar\.xz$/.exec(name)?.[1];
    return version === series || version?.startsWith(`${series}.`) ? [version] : [];
  });
  const full = (version: string) => (version === series ? `${version}.0` : version);
  return versions.sort((a, b) => compare(full(b), full(a)));
}

/** The series that a version belongs to. */
export function seriesOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
