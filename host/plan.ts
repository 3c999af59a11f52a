// From what is asked for to cells, and which of them cannot run. Pure.
import type { CpuFeatures } from '../vm/cpu-features.ts';
import { type Lens, lensRecords } from '../vm/lens.ts';
import type { SpecFile } from './guest-build/spec.ts';
import { isInRange } from './version-range.ts';

/** The unit of scheduling, isolation and retry: one spec on one kernel through one lens, in a guest of its own. */
export interface Cell {
  id: string;
  kernel: string;
  lens: Lens;
  spec: SpecFile;
  /** Why it is skipped before anything boots; null where it runs, as far as is known of its kernel. */
  skip: string | null;
}

/** What of a kernel decides which specs run on it. */
export interface PlannedKernel {
  name: string;
  /** `6.12.117` */
  version: string;
  /** Null of a kernel that is not built: nothing is skipped for it yet. */
  config: ReadonlyMap<string, string> | null;
}

/** What the CPUs of lenses can do; of a lens that is not there nothing is known, and nothing skipped. */
export type LensCpus = ReadonlyMap<Lens, CpuFeatures>;

/** Kernels by specs by lenses, in this order: a kernel's cells stand together, and so do a lens's. */
export const planCells = (
  kernels: readonly PlannedKernel[],
  lenses: readonly Lens[],
  specs: readonly SpecFile[],
  cpus: LensCpus = new Map(),
): Cell[] =>
  kernels.flatMap((kernel) =>
    lenses.flatMap((lens) =>
      specs.map((spec) => ({
        id: `${kernel.name}-${lens}-${spec.name}`,
        kernel: kernel.name,
        lens,
        spec,
        skip: unmetNeed(spec, lens, kernel) ?? unmetFeature(spec, lens, cpus),
      })),
    ),
  );

/** Why a spec cannot run; null where it can. */
export const unmetNeed = (
  { needs }: Pick<SpecFile, 'needs'>,
  lens: Lens,
  { name: kernel, version, config }: PlannedKernel,
): string | null => {
  if (!isInRange(version, needs.kernel))
    return `needs Linux ${needs.kernel}, but kernel ${kernel} is ${version}`;
  for (const need of config === null ? [] : needs.config) {
    const [symbol = '', value] = need.split('=');
    const actual = config?.get(symbol);
    if (actual === undefined) return `needs ${need}, which kernel ${kernel} does not have`;
    // A guest has no modprobe, and which module an option makes is not told anywhere.
    if (value === undefined && actual === 'm')
      return `needs ${need}, which kernel ${kernel} has as a module, and no guest loads one for a spec`;
    if (value !== undefined && actual !== value)
      return `needs ${need}, but kernel ${kernel} has ${symbol}=${actual}`;
  }
  const { cpus } = lensRecords[lens];
  return needs.cpus > cpus ? `needs ${needs.cpus} CPUs, but the lens ${lens} has ${cpus}` : null;
};

/** Why the CPU of a lens is not enough for a spec; null where it is. */
const unmetFeature = ({ needs }: Pick<SpecFile, 'needs'>, lens: Lens, cpus: LensCpus): string | null => {
  const features = cpus.get(lens);
  const missing = features && needs.cpuFeatures.find((name) => features.get(name) !== true);
  if (features === undefined || missing === undefined) return null;
  return features.get(missing) === false
    ? `needs the CPU feature ${missing}, which the lens ${lens} does not have here`
    : `needs the CPU feature ${missing}, which QEMU knows nothing of`;
};

/** Symbols that are set in a kernel's final .config, with their values as they stand there. */
export const readConfig = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, symbol = '', value = '']) => [symbol, value]));
