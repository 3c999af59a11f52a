// Debian's linux-source packages, fetched by the host's apt without root and without touching its state.

import { join } from 'node:path';
import { z } from 'zod';
import {
  archiveSettings,
  archiveTools,
  downloadPackage,
  newestPackage,
  openArchive,
  upstreamVersion,
} from './apt-archive.ts';
import { downloadName, keptDownload } from './kept-download.ts';
import { sha256Text } from './pin-text.ts';
import type { SourceContext, SourceKind } from './source.ts';
import { unpackTar, unpackTools } from './unpack-tar.ts';

const settings = z.strictObject({
  kind: z.literal('debian'),
  ...archiveSettings,
});

const pin = z.strictObject({
  /** The first kind there was: an entry that names none is of this one. */
  kind: z.literal('debian').optional(),
  version: z.string().min(1),
  /** Of the .deb. */
  sha256: sha256Text,
});

export type DebianSettings = z.infer<typeof settings>;
type DebianPin = z.infer<typeof pin>;

/** linux-source packages of Debian. The download is the .deb; its signature is checked by apt, its digest by us. */
export const debian = {
  settings,
  pin,
  open: (chosen, { version, sha256 }, place) => {
    const wanted = { package: chosen.package, version, sha256 };
    const ensure = (context: SourceContext) =>
      keptDownload(wanted, context, async (file) => {
        const archive = await openArchive(chosen.suites, `${chosen.package} ${version}`, context);
        await downloadPackage(archive, wanted, place, file);
      });
    return {
      layout: 'tree',
      facts: { kind: chosen.kind, ...wanted },
      version: upstreamVersion(version),
      digest: sha256,
      tools: [...archiveTools, 'dpkg-deb', 'xz', ...unpackTools],
      kept: [downloadName(wanted)],
      fetch: async (context) => void (await ensure(context)),
      unpack: (folder, context) =>
        unpackPackage(chosen, join(context.sources, downloadName(wanted)), folder, context),
    };
  },
  resolve: async (chosen, wanted, _place, context) => {
    const archive = await openArchive(chosen.suites, chosen.package, context);
    const { version, sha256 } = await newestPackage(archive, chosen.package, wanted);
    return { version, sha256 };
  },
} satisfies SourceKind<DebianSettings, DebianPin>;

async function unpackPackage(
  chosen: DebianSettings,
  file: string,
  folder: string,
  context: SourceContext,
): Promise<void> {
  context.onProgress(`${chosen.package}, about 1.5 GB`, null);
  const producer = `dpkg-deb --fsys-tarfile "$1" |
  tar --extract --to-stdout "./usr/src/$2.tar.xz" |
  xz --decompress --stdout --threads=0`;
  const args = [file, chosen.package];
  await unpackTar(producer, { what: file, top: chosen.package, args }, folder, context);
}
