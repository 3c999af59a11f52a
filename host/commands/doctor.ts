// `ringcross doctor`: what this host has and lacks, which lenses work and why not.

import { constants } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { lenses, lensRecords } from '../../vm/lens.ts';
import { knownProbe, type ProbeResult } from '../../vm/probe.ts';
import { cacheRoot } from '../cache.ts';
import { ensureGuestImages } from '../guest-images.ts';
import { findKernel } from '../kernel/index.ts';
import { probe } from '../lenses.ts';
import { ownRoot, type Project } from '../project.ts';

export interface Diagnosis {
  packages: { missing: string[]; command: string | null };
  lenses: { lens: string; works: boolean | null; reason: string }[];
  cache: string;
}

const bootstrap = join(ownRoot, 'ci/bootstrap.mjs');

/** Installs the system packages that are missing, where apt-get does that here. Errors: PACKAGES_MISSING. */
export const installPackages = async (): Promise<void> => {
  // Standard output belongs to the diagnosis.
  const { failed } = await execa(process.execPath, [bootstrap, '--packages'], {
    stdin: 'inherit',
    stdout: process.stderr,
    stderr: 'inherit',
    reject: false,
  });
  if (failed)
    throw new RingcrossError(
      'PACKAGES_MISSING',
      'expected the system packages that are missing to be installed, but they cannot be: see above',
    );
};

/** Looks, and where a kernel is built already, boots the probe of the cycles lens unless its result is known. */
export const diagnose = async (project: Project, signal: AbortSignal): Promise<Diagnosis> => {
  const { stdout } = await execa(process.execPath, [bootstrap, '--check']);
  const packages = JSON.parse(stdout) as Diagnosis['packages'];
  const cycles = await cyclesState(project, packages.missing.length === 0, signal);
  return {
    packages,
    lenses: lenses.map((lens) => ({
      lens,
      ...(lens === 'cycles'
        ? cycles
        : { works: packages.missing.length === 0, reason: lensRecords[lens].meaning }),
    })),
    cache: cacheRoot(),
  };
};

const cyclesState = async (
  project: Project,
  complete: boolean,
  signal: AbortSignal,
): Promise<{ works: boolean | null; reason: string }> => {
  if (!complete) return { works: null, reason: 'unknown: packages are missing' };
  if (!(await canAccess('/dev/kvm', constants.R_OK | constants.W_OK)))
    return { works: false, reason: '/dev/kvm cannot be opened' };
  const known = await knownProbe(cacheRoot());
  if (known) return told(known);
  const [kernelName = ''] = project.kernels;
  const kernel = await findKernel(kernelName, { configFolder: project.kernelConfigDir });
  if (!kernel)
    return {
      works: null,
      reason: `unknown until a guest has been booted: npx ringcross kernel build ${kernelName}`,
    };
  return told(await probe(kernel, await ensureGuestImages(), signal));
};

const told = (result: ProbeResult): { works: boolean; reason: string } =>
  result.works ? { works: true, reason: lensRecords.cycles.meaning } : result;

/** The diagnosis in lines for a person. */
export const diagnosisLines = ({ packages, lenses: states, cache }: Diagnosis): string[] => [
  packages.missing.length === 0
    ? 'packages: all there'
    : `packages: missing ${packages.missing.join(', ')}\n  mend with: ${packages.command}`,
  ...states.map(
    ({ lens, works, reason }) =>
      `lens ${lens}: ${works === null ? 'unknown' : works ? 'works' : 'refused'}: ${reason}`,
  ),
  `cache: ${cache}`,
];
