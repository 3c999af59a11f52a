// `ringcross kernel add`: a kernel into the project's kernels.json and its lock.

import { isAbsolute, relative, resolve } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { addKernelTo, describePin, isGitUrl, type KernelToAdd, seriesOf } from '../kernel/index.ts';
import { kernelReporter, openProgress } from '../progress.ts';

/** As the command line has them. */
export interface AddFlags {
  debian?: string;
  image?: string;
  suite?: string[];
  'kernel.org'?: string;
  mirror?: string;
  git?: string;
  ref?: string;
  dir?: string;
}

/** Looks the kernel up and writes it down; returns what was written, in a line. Errors: those of `addKernelTo`. */
export const kernelAdd = async (
  name: string,
  flags: AddFlags,
  configFolder: string,
  signal: AbortSignal,
): Promise<string> => {
  const kernel = kernelOfFlags(name, flags, { cwd: process.cwd(), configFolder });
  using progress = openProgress();
  const onProgress = kernelReporter(name, progress);
  const pin = await addKernelTo(configFolder, kernel, { signal, onProgress });
  progress.line(
    `kernel ${name}: added in ${configFolder}; build it with: npx ringcross kernel build ${name}`,
  );
  return `${name}\t${describePin(pin)}`;
};

/**
 * What the flags ask for. A relative path becomes one from the kernel-config folder, so that the files stay true
 * in another clone.
 * @throws RingcrossError `USAGE` where they name no source, several, or half a one.
 */
export const kernelOfFlags = (
  name: string,
  flags: AddFlags,
  places: { cwd: string; configFolder: string },
): KernelToAdd => {
  const { debian, image, suite = [], 'kernel.org': release, mirror, git, ref, dir } = flags;
  const named = [debian, image, release, git, dir].filter((one) => one !== undefined);
  if (named.length !== 1)
    throw usage(`one of --debian, --image, --kernel.org, --git and --dir, got ${named.length || 'none'}`);
  for (const [flag, isGiven, belongsTo, owner] of [
    ['--suite', suite.length > 0, debian ?? image, '--debian or --image'],
    ['--mirror', mirror !== undefined, release, '--kernel.org'],
    ['--ref', ref !== undefined, git, '--git'],
  ] as const)
    if (isGiven && belongsTo === undefined) throw usage(`${flag} only with ${owner}`);
  const kind = image === undefined ? 'debian' : 'image';
  const fromDebian = debian ?? image;
  if (fromDebian !== undefined) {
    if (suite.length === 0) throw usage(`at least one --suite with --${kind}, such as --suite trixie`);
    return { name, source: { kind, package: fromDebian, suites: suite } };
  }
  if (release !== undefined) {
    const series = seriesOf(release);
    const source = { kind: 'kernel.org', series, ...(mirror === undefined ? {} : { mirror }) } as const;
    return { name, source, wanted: release === series ? undefined : release };
  }
  if (git !== undefined) {
    if (ref === undefined) throw usage('--ref with --git: a branch, a tag or a full commit hash');
    return { name, source: { kind: 'git', url: isGitUrl(git) ? git : storedPath(git, places), ref } };
  }
  return { name, source: { kind: 'dir', path: storedPath(dir ?? '', places) } };
};

const storedPath = (path: string, { cwd, configFolder }: { cwd: string; configFolder: string }): string =>
  isAbsolute(path) ? path : relative(configFolder, resolve(cwd, path)) || '.';

const usage = (expected: string): RingcrossError =>
  new RingcrossError('USAGE', `expected ${expected}`, { next: 'npx ringcross kernel add --help' });
