// Debian's archive, read by the host's apt without root and without touching its state.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canAccess } from '../../../vm/can-access.ts';
import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool, type ToolResult } from '../run-tool.ts';
import { findDebianMirrors, mirrorVariables, namedMirrors, sourcesList } from './apt-mirrors.ts';
import { type AptState, prepareAptState } from './apt-state.ts';
import { type SourceContext, type SourcePlace, updateCommand } from './source.ts';

/** The programs that this file runs. */
export const archiveTools = ['apt-get', 'apt-cache'] as const;

/** A package or a suite. These become words of an apt source list, so nothing in them may mean more. */
export const word = z.string().regex(/^[a-z\d][a-z\d.+-]*$/, 'expected a Debian package or suite name');

/** What settings of every kind say that comes out of the archive. */
export const archiveSettings = {
  package: word,
  /** Searched in order; one that ends in `-security` is looked for on the security mirror. */
  suites: z.array(word).min(1),
};

/** The package lists of some suites, as new as they can be had. */
export interface Archive {
  suites: readonly string[];
  apt: AptState;
  update: ToolResult;
  context: SourceContext;
}

/** One package of the archive, whose digest is that of its .deb. */
export interface ArchivedPackage {
  package: string;
  version: string;
  sha256: string;
}

/**
 * Reads the package lists of the suites; `what` says in words for what.
 * @throws RingcrossError `KERNEL_SOURCE_FETCH` where no mirror is known, `KERNEL_TOOLS` without Debian's keys. That a
 * list could not be read is told by whoever needs it.
 */
export async function openArchive(
  suites: readonly string[],
  what: string,
  context: SourceContext,
): Promise<Archive> {
  context.onProgress(`reading Debian's package lists for ${what}`, null);
  const apt = await prepareApt(suites, context);
  return { suites, apt, update: await runApt(['update'], apt, context), context };
}

/** Downloads a package to `file`. Errors: KERNEL_SOURCE_FETCH, KERNEL_SOURCE_GONE. */
export async function downloadPackage(
  archive: Archive,
  one: ArchivedPackage,
  place: SourcePlace,
  file: string,
): Promise<void> {
  const { apt, context } = archive;
  const wanted = `${one.package}=${one.version}`;
  const folder = `${file}.download`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const download = await runApt(['download', wanted], apt, context, folder, (percent) =>
      context.onProgress(wanted, percent / 100),
    );
    const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.deb'));
    if (download.failed || name === undefined) throw await fetchError(archive, one, place, download);
    await rename(join(folder, name), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A package and the packages that it depends on, by name; of alternatives the first. */
export interface PackageRecord extends ArchivedPackage {
  depends: readonly string[];
}

/**
 * The newest version of a package in the suites, or the one wanted, by the package lists alone.
 * @throws RingcrossError `KERNEL_SOURCE_FETCH` where a list could not be read, `KERNEL_SOURCE_GONE`.
 */
export async function newestPackage(archive: Archive, name: string, wanted?: string): Promise<PackageRecord> {
  const { suites, apt, update, context } = archive;
  const complaints = complaintsOf(update.stderr);
  // Old lists would answer as well, with a version of yesterday that may be gone.
  if (update.failed || complaints.length > 0)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `apt could not read the package lists of ${suites.join(', ')}:\n${complaints.join('\n')}`,
      { log: `${update.stdout}\n${update.stderr}`.trim() },
    );
  const versions = await readVersions(archive, name);
  const version = wanted ?? versions[0];
  if (version === undefined || !versions.includes(version))
    throw new RingcrossError(
      'KERNEL_SOURCE_GONE',
      `expected ${name} ${wanted ?? 'of any version'} in ${suites.join(', ')}, but the archive has ` +
        (versions.join(', ') || 'no version at all'),
    );
  const show = ['apt-cache', '-c', apt.configFile, 'show', `${name}=${version}`] as const;
  const record = await runTool(show, { env: hostEnvironment(), signal: context.signal });
  const [, sha256] = /^SHA256: ([\da-f]{64})$/m.exec(record.stdout) ?? [];
  if (sha256 === undefined)
    throw new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `expected the SHA-256 of ${name} ${version} in apt's package lists, but there is none`,
      { log: `${record.stdout}\n${record.stderr}`.trim() },
    );
  return { package: name, version, sha256, depends: dependenciesOf(record.stdout) };
}

/** `6.12.117` of `6.12.117-1`: a Debian version without its epoch and revision. */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

/** The names in the `Depends` of a package's record, without versions; of alternatives the first. */
export function dependenciesOf(record: string): string[] {
  const [, depends = ''] = /^Depends: (.*)$/m.exec(record) ?? [];
  return depends.split(',').flatMap((one) => /^\s*([^\s:(|]+)/.exec(one)?.[1] ?? []);
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
  archive: Archive,
  { package: name, version }: ArchivedPackage,
  place: SourcePlace,
  download: ToolResult,
): Promise<RingcrossError> {
  const { suites, update } = archive;
  const complaints = complaintsOf(`${update.stderr}\n${download.stderr}`);
  // Only complete lists can say that a version is gone; apt calls an unreachable archive a warning.
  const listsComplete = complaintsOf(update.stderr).length === 0;
  const notThere = /^E: (Version .* was not found|Unable to locate package|Can't find a source)/m;
  if (!listsComplete || !notThere.test(download.stderr)) {
    return new RingcrossError(
      'KERNEL_SOURCE_FETCH',
      `apt could not download ${name} ${version}:\n${complaints.join('\n')}`,
      { log: `${update.stdout}\n${update.stderr}\n${download.stdout}\n${download.stderr}`.trim() },
    );
  }
  const versions = await readVersions(archive, name);
  return new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `kernels.lock.json pins ${name} ${version}, which the archive no longer has in ` +
      `${suites.join(', ')}; it has ${versions.join(', ') || 'no version at all'}`,
    { next: updateCommand(place) },
  );
}

async function readVersions({ apt, context }: Archive, name: string): Promise<string[]> {
  const madison = ['apt-cache', '-c', apt.configFile, 'madison', name] as const;
  const { stdout } = await runTool(madison, { env: hostEnvironment(), signal: context.signal });
  return availableVersions(stdout);
}
