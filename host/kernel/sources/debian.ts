// Debian's linux-source packages, fetched by the host's apt without root and without touching its state.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canAccess } from '../../../vm/can-access.ts';
import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool, type ToolResult } from '../run-tool.ts';
import { findDebianMirrors, mirrorVariables, namedMirrors, sourcesList } from './apt-mirrors.ts';
import { type AptState, prepareAptState } from './apt-state.ts';
import { downloadName, keptDownload } from './kept-download.ts';
import { sha256Text } from './pin-text.ts';
import { type SourceContext, type SourceKind, type SourcePlace, updateCommand } from './source.ts';
import { unpackTar, unpackTools } from './unpack-tar.ts';

// These become words of an apt source list, so nothing in them may mean more.
const word = z.string().regex(/^[a-z\d][a-z\d.+-]*$/, 'expected a Debian package or suite name');

const settings = z.strictObject({
  kind: z.literal('debian'),
  package: word,
  /** Searched in order; one that ends in `-security` is looked for on the security mirror. */
  suites: z.array(word).min(1),
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
      keptDownload(wanted, context, (file) => fetchPackage(chosen, version, place, file, context));
    return {
      facts: { kind: chosen.kind, ...wanted },
      version: upstreamVersion(version),
      digest: sha256,
      tools: ['apt-get', 'apt-cache', 'dpkg-deb', 'xz', ...unpackTools],
      kept: [downloadName(wanted)],
      fetch: async (context) => void (await ensure(context)),
      unpack: (folder, context) =>
        unpackPackage(chosen, join(context.sources, downloadName(wanted)), folder, context),
    };
  },
  resolve: newestPackage,
} satisfies SourceKind<DebianSettings, DebianPin>;

/** `6.12.117` of `6.12.117-1`: a Debian version without its epoch and revision. */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

async function fetchPackage(
  chosen: DebianSettings,
  version: string,
  place: SourcePlace,
  file: string,
  context: SourceContext,
): Promise<void> {
  const wanted = `${chosen.package}=${version}`;
  context.onProgress(`reading Debian's package lists for ${wanted}`, null);
  const apt = await prepareApt(chosen, context);
  const update = await runApt(['update'], apt, context);
  const folder = `${file}.download`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const download = await runApt(['download', wanted], apt, context, folder, (percent) =>
      context.onProgress(wanted, percent / 100),
    );
    const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.deb'));
    if (download.failed || name === undefined) {
      throw await fetchError(chosen, version, place, apt, context, update, download);
    }
    await rename(join(folder, name), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepareApt(chosen: DebianSettings, context: SourceContext): Promise<AptState> {
  const keyring = await findKeyring();
  const uris = await runTool(['apt-get', 'update', '--print-uris'], {
    env: hostEnvironment(),
    signal: context.signal,
  });
  const mirrors = namedMirrors(process.env) ?? findDebianMirrors(uris.stdout);
  if (mirrors === undefined)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `expected a Debian mirror in this host's apt configuration, found none; name one in ${mirrorVariables.archive}`,
      { next: `export ${mirrorVariables.archive}=URL` },
    );
  return prepareAptState(context.stateFolder, sourcesList(mirrors, chosen.suites, keyring));
}

async function findKeyring(): Promise<string> {
  for (const path of keyrings) {
    if (await canAccess(path)) return path;
  }
  throw new RingcrossError(
    'KERNEL_TOOLS',
    `Debian's packages are checked by ${keyrings.join(' or ')}; this host has neither`,
    { next: 'sudo apt-get install debian-archive-keyring' },
  );
}

const keyrings = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
];

async function runApt(
  args: readonly string[],
  { configFile }: AptState,
  { signal }: SourceContext,
  cwd?: string,
  onPercent?: (percent: number) => void,
): Promise<ToolResult> {
  return runTool(['apt-get', '-c', configFile, '-o', 'APT::Status-Fd=3', ...args], {
    env: hostEnvironment(),
    signal,
    cwd,
    // apt's progress protocol: `dlstatus:<item>:<percent>:<text>`.
    onStatusLine: (line) => {
      const percent = /^dlstatus:\d+:([\d.]+):/.exec(line)?.[1];
      if (percent !== undefined) onPercent?.(Number(percent));
    },
  });
}

async function fetchError(
  chosen: DebianSettings,
  version: string,
  place: SourcePlace,
  { configFile }: AptState,
  { signal }: SourceContext,
  update: ToolResult,
  download: ToolResult,
): Promise<RingcrossError> {
  const complaints = complaintsOf(`${update.stderr}\n${download.stderr}`);
  // Only complete lists can say that a version is gone; apt calls an unreachable archive a warning.
  const listsComplete = complaintsOf(update.stderr).length === 0;
  const notThere = /^E: (Version .* was not found|Unable to locate package|Can't find a source)/m;
  if (!listsComplete || !notThere.test(download.stderr)) {
    return new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `apt could not download ${chosen.package} ${version}:\n${complaints.join('\n')}`,
      { log: `${update.stdout}\n${update.stderr}\n${download.stdout}\n${download.stderr}`.trim() },
    );
  }
  const versions = await readVersions(chosen, configFile, signal);
  return new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `kernels.lock.json pins ${chosen.package} ${version}, which the archive no longer has in ` +
      `${chosen.suites.join(', ')}; it has ${versions.join(', ') || 'no version at all'}`,
    { next: updateCommand(place) },
  );
}

/** The newest version in the suites, or the one wanted, by the package lists alone. */
async function newestPackage(
  chosen: DebianSettings,
  wanted: string | undefined,
  _place: SourcePlace,
  context: SourceContext,
): Promise<DebianPin> {
  context.onProgress(`reading Debian's package lists for ${chosen.package}`, null);
  const apt = await prepareApt(chosen, context);
  const update = await runApt(['update'], apt, context);
  const complaints = complaintsOf(update.stderr);
  // Old lists would answer as well, with a version of yesterday that may be gone.
  if (update.failed || complaints.length > 0)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `apt could not read the package lists of ${chosen.suites.join(', ')}:\n${complaints.join('\n')}`,
      { log: `${update.stdout}\n${update.stderr}`.trim() },
    );
  const versions = await readVersions(chosen, apt.configFile, context.signal);
  const version = wanted ?? versions[0];
  if (version === undefined || !versions.includes(version))
    throw new RingcrossError(
      'KERNEL_SOURCE_GONE',
      `expected ${chosen.package} ${wanted ?? 'of any version'} in ${chosen.suites.join(', ')}, but the archive has ` +
        (versions.join(', ') || 'no version at all'),
    );
  const show = ['apt-cache', '-c', apt.configFile, 'show', `${chosen.package}=${version}`] as const;
  const record = await runTool(show, { env: hostEnvironment(), signal: context.signal });
  const sha256 = packageSha256(record.stdout);
  if (sha256 === undefined)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `expected the SHA-256 of ${chosen.package} ${version} in apt's package lists, but there is none`,
      { log: `${record.stdout}\n${record.stderr}`.trim() },
    );
  return { version, sha256 };
}

async function readVersions(
  chosen: DebianSettings,
  configFile: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const madison = ['apt-cache', '-c', configFile, 'madison', chosen.package] as const;
  return availableVersions((await runTool(madison, { env: hostEnvironment(), signal })).stdout);
}

/** The SHA-256 in a package's record of `apt-cache show`. */
export function packageSha256(record: string): string | undefined {
  return /^SHA256: ([\da-f]{64})$/m.exec(record)?.[1];
}

/** apt's warnings and errors among its output, without repetitions. */
export function complaintsOf(output: string): string[] {
  return [...new Set(output.split('\n').filter((line) => /^[EW]: /.test(line)))];
}

/** The versions in the output of `apt-cache madison`, newest first, without repetitions. */
export function availableVersions(madison: string): string[] {
  const versions = madison.split('\n').map((line) => line.split('|')[1]?.trim() ?? '');
  return [...new Set(versions.filter((version) => version !== ''))];
}

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
