// Everything that could change a number, written beside the numbers.
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { GuestFacts } from '../../guest/protocol/messages.ts';
import { type Lens, lensRecords } from '../../vm/lens.ts';
import type { ProbeResult } from '../../vm/probe.ts';
import { qemuProgram } from '../../vm/qemu-process.ts';
import type { GuestImages } from '../guest-images.ts';
import type { BuiltKernel } from '../kernel/index.ts';
import { ownRoot } from '../project.ts';
import type { Made, PlanRecord } from './plan-record.ts';
import type { CellRecord } from './record.ts';

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
  /** Manifests of older runs have none. */
  plan?: PlanRecord;
  /** Of a run that was merged: where each shard ran. */
  shards?: (Pick<Manifest, 'run' | 'started' | 'ended' | 'host' | 'images'> & {
    shard: PlanRecord['shard'];
  })[];
  images: { root: string; agent: string };
  /** Those that were built or found, in the plan's order. */
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

/** What is known before the first kernel is built. */
export const newManifest = async (
  run: string,
  lenses: readonly Lens[],
  cyclesProbe: ProbeResult | null,
  made: Made,
  plan: PlanRecord,
): Promise<Manifest> => ({
  schema: 1,
  run,
  started: new Date().toISOString(),
  ended: null,
  ringcross: made.ringcross,
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
  plan,
  images: made.images,
  kernels: [],
  guests: [],
  templates: [],
  cells: [],
});

/** What identifies this ringcross and the disks of its guests. */
export const madeBy = async ({ root, agent }: GuestImages): Promise<Made> => ({
  ringcross: { version: await ownVersion(), commit: await commit() },
  images: { root: root.sha256, agent: agent.sha256 },
});

/** The manifest with a kernel that was built or found, in the plan's order. */
export const withKernel = (manifest: Manifest, kernel: BuiltKernel): Manifest => {
  const { name, version, release: of, buildId, facts } = kernel;
  const others = manifest.kernels.filter((one) => one.name !== name);
  return withKernels(manifest, [...others, { name, version, release: of, buildId, ...facts }]);
};

/** The same with all that are given. */
export const withKernels = (manifest: Manifest, kernels: Manifest['kernels']): Manifest => ({
  ...manifest,
  kernels: (manifest.plan?.kernels ?? []).flatMap(
    ({ name }) => kernels.find((kernel) => kernel.name === name) ?? [],
  ),
});

/** The manifest with what cells, in the plan's order, say of their guests. */
export const withRecords = (
  manifest: Manifest,
  records: readonly Pick<CellRecord, 'cell' | 'ending'>[],
): Manifest => {
  const guests: Manifest['guests'] = [];
  const templates: TemplateFacts[] = [];
  const cells: Manifest['cells'] = [];
  for (const { cell, ending } of records) {
    if (ending.guest === null) continue;
    const { facts, commandLine, pushed, template } = ending.guest;
    cells.push({ cell: cell.cell, commandLine, ...(template && { cloneOf: template.key }), pushed });
    if (template && !templates.some(({ key, built }) => key === template.key && built === template.built))
      templates.push(template);
    if (facts && !guests.some(({ kernel, lens }) => kernel === cell.kernel && lens === cell.lens))
      guests.push({ kernel: cell.kernel, lens: cell.lens, facts });
  }
  return { ...manifest, guests, templates, cells };
};

export const ownVersion = async (): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(ownRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
};

/** The commit of a clone, with `-dirty` where it is changed; null outside a clone. */
const commit = async (): Promise<string | null> => {
  const { stdout, exitCode } = await execa('git', ['describe', '--always', '--dirty', '--abbrev=40'], {
    cwd: ownRoot,
    reject: false,
  });
  return exitCode === 0 ? stdout.trim() : null;
};
