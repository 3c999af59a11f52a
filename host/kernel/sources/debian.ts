// Debian's linux-source packages, fetched by the host's apt without root and without touching its state.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { canAccess } from '../../../vm/can-access.ts';
import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool, type ToolResult } from '../run-tool.ts';
import { findDebianMirrors, mirrorVariables, namedMirrors, sourcesList } from './apt-mirrors.ts';
import { type AptState, prepareAptState } from './apt-state.ts';
import type { Pin, SourceContext, SourceKind } from './source.ts';

// These become words of an apt source list, so nothing in them may mean more.
export const word = z.string().regex(/^[a-z\d][a-z\d.+-]*$/, 'expected a Debian package or suite name');

const settings = z.strictObject({
  kind: z.literal('debian'),
  package: word,
  /** Searched in order; one that ends in `-security` is looked for on the security mirror. */
  suites: z.array(word).min(1),
});

export type DebianSettings = z.infer<typeof settings>;

/** linux-source packages of Debian. The download is the .deb; its signature is checked by apt, its digest by us. */
export const debian = {
  settings,
  open: (chosen, pin) => ({
    facts: { kind: chosen.kind, package: chosen.package, version: pin.version, sha256: pin.sha256 },
    version: upstreamVersion(pin.version),
    tools: ['apt-get', 'apt-cache', 'dpkg-deb', 'tar', 'xz', 'bash'],
    fetch: (file, context) => fetchPackage(chosen, pin, file, context),
    unpack: (file, folder, context) => unpackPackage(chosen, file, folder, context),
  }),
} satisfies SourceKind<DebianSettings>;

/** `6.12.117` of `6.12.117-1`: a Debian version without its epoch and revision. */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

async function fetchPackage(
  chosen: DebianSettings,
  pin: Pin,
  file: string,
  context: SourceContext,
): Promise<void> {
  const archive = await openArchive(chosen.suites, `${chosen.package}=${pin.version}`, context);
  await downloadPackage(archive, chosen, pin, file, context);
}

/** The package lists of some suites, as new as they can be had. */
export interface Archive {
  apt: AptState;
  update: ToolResult;
}

/** Reads the lists, for whatever `wanted` says in words. Errors: KERNEL_SOURCE_FETCH, KERNEL_TOOLS. */
export async function openArchive(
  suites: readonly string[],
  wanted: string,
  context: SourceContext,
): Promise<Archive> {
  context.onProgress(`reading Debian's package lists for ${wanted}`, null);
  const apt = await prepareApt(suites, context);
  return { apt, update: await runApt(['update'], apt, context) };
}

/** Downloads one package to `file`. Errors: KERNEL_SOURCE_FETCH, KERNEL_SOURCE_GONE. */
export async function downloadPackage(
  { apt, update }: Archive,
  chosen: Pick<DebianSettings, 'package' | 'suites'>,
  pin: Pin,
  file: string,
  context: SourceContext,
): Promise<void> {
  const wanted = `${chosen.package}=${pin.version}`;
  const folder = `${file}.download`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const download = await runApt(['download', wanted], apt, context, folder, (percent) =>
      context.onProgress(wanted, percent / 100),
    );
    const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.deb'));
    if (download.failed || name === undefined) {
      throw await fetchError(chosen, pin, apt, context, update, download);
    }
    await rename(join(folder, name), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepareApt(suites: readonly string[], context: SourceContext): Promise<AptState> {
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
  return prepareAptState(context.stateFolder, sourcesList(mirrors, suites, keyring));
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
  chosen: Pick<DebianSettings, 'package' | 'suites'>,
  pin: Pin,
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
      `apt could not download ${chosen.package} ${pin.version}:\n${complaints.join('\n')}`,
      { log: `${update.stdout}\n${update.stderr}\n${download.stdout}\n${download.stderr}`.trim() },
    );
  }
  const versions = await runTool(['apt-cache', '-c', configFile, 'madison', chosen.package], {
    env: hostEnvironment(),
    signal,
  });
  return new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `kernels.lock.json pins ${chosen.package} ${pin.version}, which the archive no longer has in ` +
      `${chosen.suites.join(', ')}; it has ${availableVersions(versions.stdout).join(', ') || 'no version at all'}. ` +
      'Pin one of those, with its SHA-256',
    { next: `apt-get -c ${configFile} download --print-uris ${chosen.package}` },
  );
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

// `pipefail`: the exit status of the last tar alone would hide a damaged package.
// What no x86 build reads is left packed: code of other architectures (not their Kconfig files, some are sourced
// from elsewhere), manuals, perf and the self-tests. That is a third of all files.
const unpackScript = `set -euo pipefail
dpkg-deb --fsys-tarfile "$1" |
  tar --extract --to-stdout "./usr/src/$2.tar.xz" |
  xz --decompress --stdout --threads=0 |
  tar --extract --directory="$3" --strip-components=1 --wildcards \\
    --exclude="$2/arch/[!x]*/*.[chS]" --exclude="$2/arch/[!x]*/boot/dts/*" \\
    --exclude="$2/Documentation/*/*" --exclude="$2/tools/perf/*" --exclude="$2/tools/testing/*"`;

async function unpackPackage(
  chosen: DebianSettings,
  file: string,
  folder: string,
  context: SourceContext,
): Promise<void> {
  context.onProgress(`${chosen.package}, about 1.5 GB`, null);
  const result = await runTool(['bash', '-c', unpackScript, 'unpack', file, chosen.package, folder], {
    env: hostEnvironment(),
    signal: context.signal,
    cwd: dirname(folder),
  });
  if (!result.failed) return;
  // The first complaint is the reason; the programs further down the pipe then complain of its consequences.
  const [reason] = result.stderr.trim().split('\n');
  throw new RingcrossError('KERNEL_SOURCE_UNPACK', `cannot unpack ${file}: ${reason}`, {
    log: result.stderr,
  });
}
