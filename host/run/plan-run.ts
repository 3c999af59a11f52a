// What a run would do, found out without building a kernel: its cells, what they cost, and whose shard they are.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type CpuFeatures, cpuFeatures } from '../../vm/cpu-features.ts';
import { RingcrossError } from '../../vm/errors.ts';
import type { Lens } from '../../vm/lens.ts';
import { type ProbeResult, settledProbe } from '../../vm/probe.ts';
import { cacheRoot } from '../cache.ts';
import { type Forecast, forecast, kernelMs, type WeighedCell } from '../forecast.ts';
import { findSpecs, readSpecs, type SpecFile } from '../guest-build/spec.ts';
import { ensureGuestImages } from '../guest-images.ts';
import { inParallel } from '../in-parallel.ts';
import { ensureKernel, type KernelPreview, previewKernel } from '../kernel/index.ts';
import { chooseLenses, type LensWord, needsProbe, probe } from '../lenses.ts';
import { type Cell, type LensCpus, planCells, readConfig } from '../plan.ts';
import { kernelReporter, type Progress } from '../progress.ts';
import type { Project } from '../project.ts';
import { partition, type Shard } from '../shards.ts';
import { estimate, readTimes } from '../times.ts';
import { defaultJobs } from './admission.ts';
import { type PlanRecord, planDigest, type WholePlan } from './plan-record.ts';
import { specDigest } from './spec-digest.ts';

export interface PlanOptions {
  project: Project;
  /** Names; the project's own where empty. */
  kernels: readonly string[];
  lenses: readonly LensWord[];
  /** Globs over spec names; all where empty. */
  specs: readonly string[];
  shard: Shard;
  /** Guests at once; as many as CPUs and memory allow where null. */
  jobs: number | null;
  messages: number | null;
  silenceMs: number | null;
  /** Boot every guest, instead of cloning one that has booted. */
  isCold: boolean;
  signal?: AbortSignal | undefined;
  progress: Progress;
}

export interface RunPlan {
  /** Of all shards. */
  cells: WeighedCell[];
  /** The shard's, in the plan's order. */
  own: Cell[];
  kernels: KernelPreview[];
  lenses: Lens[];
  probe: ProbeResult | null;
  jobs: number;
  record: PlanRecord;
  forecast: Forecast;
}

/**
 * Errors: USAGE, KERNEL_*, LENS_REFUSED, and QMP_ERROR or QEMU_EXITED where a spec needs features of a CPU that QEMU cannot
 * make. Where nobody knows yet whether KVM works here and a lens depends on it, the first
 * kernel is built and a guest booted to find out; where `mayBuild` is false it counts as working, which is told.
 */
export const planRun = async (options: PlanOptions, mayBuild: boolean): Promise<RunPlan> => {
  const { project, shard } = options;
  const specs = await readSpecs(await findSpecs(project, options.specs));
  const names = [...new Set(options.kernels.length > 0 ? options.kernels : project.kernels)];
  const { lenses, probe: found } = await findLenses(options, names, mayBuild);
  const kernels = await Promise.all(
    names.map((name) => previewKernel(name, { configFolder: project.kernelConfigDir })),
  );
  const cpus = await findCpus(lenses, specs, mayBuild);
  const cells = planCells(await Promise.all(kernels.map(withConfig)), lenses, specs, cpus);
  const times = await readTimes(project.root);
  const weighed = cells.map((cell) => ({ ...cell, ...estimate(cell, times) }));
  const whole: WholePlan = {
    cells: weighed.map(({ id, kernel, lens, spec, ms }) => ({ cell: id, kernel, lens, spec: spec.name, ms })),
    kernels: kernels.map(({ name, request }) => ({ name, request })),
    specs: await digests(project, specs),
    settings: {
      messages: options.messages,
      silenceMs: options.silenceMs,
      memoryMiB: project.memoryMiB,
      isCold: options.isCold,
    },
  };
  // A kernel counts with its build though this machine may have it: another may not, and both must agree.
  const builds = new Map(kernels.map((kernel) => [kernel.name, kernelMs(kernel)]));
  const own = partition(weighed, shard.of, builds)[shard.index - 1] ?? [];
  const jobs = options.jobs ?? (await defaultJobs(availableParallelism(), project.memoryMiB));
  const ids = new Set(own.map(({ id }) => id));
  return {
    cells: weighed,
    own: cells.filter(({ id }) => ids.has(id)),
    kernels,
    lenses,
    probe: found,
    jobs,
    record: { ...whole, digest: planDigest(whole), shard, own: [...ids] },
    forecast: forecast({ cells: weighed, own, kernels, shard, jobs }),
  };
};

const digests = (project: Project, specs: readonly SpecFile[]): Promise<WholePlan['specs']> =>
  inParallel(availableParallelism(), specs, async (spec) => ({
    name: spec.name,
    sha256: await specDigest(project, spec),
  }));

/**
 * What the lenses' CPUs can do, asked of QEMU only where a spec needs to know. A plan that only looks ahead may have a lens
 * that this host cannot do: of its CPU nothing is known.
 */
const findCpus = async (
  lenses: readonly Lens[],
  specs: readonly SpecFile[],
  mustAnswer: boolean,
): Promise<LensCpus> => {
  const names = [...new Set(specs.flatMap(({ needs }) => needs.cpuFeatures))];
  const known = new Map<Lens, CpuFeatures>();
  for (const lens of names.length === 0 ? [] : lenses) {
    const features = await cpuFeatures(lens, names).catch((error: unknown) => {
      if (mustAnswer || !(error instanceof RingcrossError)) throw error;
      return null;
    });
    if (features !== null) known.set(lens, features);
  }
  return known;
};

const withConfig = async ({ name, version, built }: KernelPreview) => ({
  name,
  version,
  config: built === undefined ? null : readConfig(await readFile(built.config, 'utf8')),
});

const probeTask = 'probing the lens cycles';

const findLenses = async (
  options: PlanOptions,
  [first]: readonly string[],
  mayBuild: boolean,
): Promise<{ lenses: Lens[]; probe: ProbeResult | null }> => {
  const { lenses, progress } = options;
  if (first === undefined || !needsProbe(lenses)) return { lenses: chooseLenses(lenses, null), probe: null };
  const settled = await settledProbe(cacheRoot());
  if (settled === null && !mayBuild) {
    progress.line(
      'lens cycles: planned as if KVM worked here, which only a guest can tell: ringcross doctor',
    );
    return { lenses: chooseLenses(lenses, { works: true }), probe: null };
  }
  const result = settled ?? (await probeWith(first, options));
  if (!result.works) progress.line(`lens cycles: not on this host: ${result.reason}`);
  return { lenses: chooseLenses(lenses, result), probe: result };
};

const probeWith = async (name: string, { project, progress, signal }: PlanOptions): Promise<ProbeResult> => {
  const onProgress = kernelReporter(name, progress);
  const kernel = await ensureKernel(name, { configFolder: project.kernelConfigDir, signal, onProgress });
  progress.update(`kernel ${name}`, null);
  progress.update(probeTask, 'booting a guest under KVM');
  const result = await probe(kernel, await ensureGuestImages(), signal);
  progress.update(probeTask, null);
  return result;
};
