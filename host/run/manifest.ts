// Everything that could change a number, written beside the numbers.
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { GuestFacts } from '../../guest/protocol/messages.ts';
import { canAccess } from '../../vm/can-access.ts';
import { type Lens, lensRecords } from '../../vm/lens.ts';
import type { ProbeResult } from '../../vm/probe.ts';
import { qemuProgram } from '../../vm/qemu-process.ts';
import type { GuestImages } from '../guest-images.ts';
import type { BuiltKernel } from '../kernel/index.ts';
import { ownRoot } from '../project.ts';

export interface Manifest {
  schema: 1;
  run: string;
  started: string;
  /** When the last cell so far had ended; null while none has. Manifests of older runs do not say. */
  ended?: string | null;
  ringcross: { version: string; commit: string | null };
  host: { kernel: string; cpu: string; cpus: number; memoryBytes: number; node: string; qemu: string };
  /** Which lenses ran, what each means, and why `cycles` was refused where it was. */
  lenses: { lens: Lens; meaning: string }[];
  cyclesProbe: ProbeResult | null;
  images: { root: string; agent: string };
  kernels: (Pick<BuiltKernel, 'name' | 'version' | 'release' | 'buildId'> & BuiltKernel['facts'])[];
  /** The first guest of each kernel and lens: what it said of itself. */
  guests: { kernel: string; lens: Lens; facts: GuestFacts }[];
  /** What cells were cloned from. Manifests of older runs have none. */
  templates?: TemplateFacts[];
  /** How QEMU was called for each cell, the template it is a clone of, and the SHA-256 of the spec and the modules that were pushed, by file name. */
  cells: {
    cell: string;
    commandLine: readonly string[];
    cloneOf?: string;
    pushed: Record<string, string>;
  }[];
}

/** A guest that booted and was frozen: its clones have its boot id. */
export interface TemplateFacts {
  key: string;
  kernel: string;
  lens: Lens;
  built: string;
  bootId: string;
  bootMs: number;
  freezeMs: number;
  commandLine: readonly string[];
}

/** What is known before the first guest boots. */
export const newManifest = async (
  run: string,
  lenses: readonly Lens[],
  cyclesProbe: ProbeResult | null,
  images: GuestImages,
  kernels: readonly BuiltKernel[],
): Promise<Manifest> => ({
  schema: 1,
  run,
  started: new Date().toISOString(),
  ended: null,
  ringcross: { version: await ownVersion(), commit: await commit() },
  host: {
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    qemu: (await execa(qemuProgram, ['--version'])).stdout.split('\n')[0] ?? '',
  },
  lenses: lenses.map((lens) => ({ lens, meaning: lensRecords[lens].meaning })),
  cyclesProbe,
  images: { root: images.root.sha256, agent: images.agent.sha256 },
  kernels: kernels.map(({ name, version, release: of, buildId, facts }) => ({
    name,
    version,
    release: of,
    buildId,
    ...facts,
  })),
  guests: [],
  templates: [],
  cells: [],
});

export const ownVersion = async (): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(ownRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
};

/** The commit of a clone, with `-dirty` where it is changed; null outside a clone. */
const commit = async (): Promise<string | null> => {
  // A package lies in the clone of somebody's project, whose commit is not ours.
  if (!(await canAccess(join(ownRoot, '.git')))) return null;
  const { stdout, exitCode } = await execa('git', ['describe', '--always', '--dirty', '--abbrev=40'], {
    cwd: ownRoot,
    reject: false,
  });
  return exitCode === 0 ? stdout.trim() : null;
};
