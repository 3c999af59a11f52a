// From what is asked for to cells, and which of them cannot run. Pure.
import { type Lens, lensRecords } from '../vm/lens.ts';
import type { SpecFile } from './guest-build/spec.ts';

/** The unit of scheduling, isolation and retry: one spec on one kernel through one lens, in a guest of its own. */
export interface Cell {
  id: string;
  kernel: string;
  lens: Lens;
  spec: SpecFile;
  /** Why it is skipped before anything boots; null where it runs. */
  skip: string | null;
}

/** Kernels by specs by lenses, in this order: a kernel's cells stand together, and so do a lens's. */
export const planCells = (
  kernels: readonly { name: string; config: ReadonlyMap<string, string> }[],
  lenses: readonly Lens[],
  specs: readonly SpecFile[],
): Cell[] =>
  kernels.flatMap(({ name, config }) =>
    lenses.flatMap((lens) =>
      specs.map((spec) => ({
        id: `${name}-${lens}-${spec.name}`,
        kernel: name,
        lens,
        spec,
        skip: unmetNeed(spec, lens, name, config),
      })),
    ),
  );

const unmetNeed = (
  { needs }: SpecFile,
  lens: Lens,
  kernel: string,
  config: ReadonlyMap<string, string>,
): string | null => {
  for (const need of needs.config) {
    const [symbol = '', value] = need.split('=');
    const actual = config.get(symbol);
    if (actual === undefined) return `needs ${need}, which kernel ${kernel} does not have`;
    // A guest has no modprobe, and which module an option makes is not told anywhere.
    if (value === undefined && actual === 'm')
      return `needs ${need}, which kernel ${kernel} has as a module that no guest loads`;
    if (value !== undefined && actual !== value)
      return `needs ${need}, but kernel ${kernel} has ${symbol}=${actual}`;
  }
  const { cpus } = lensRecords[lens];
  return needs.cpus > cpus ? `needs ${needs.cpus} CPUs, but the lens ${lens} has ${cpus}` : null;
};

/** Symbols that are set in a kernel's final .config, with their values as they stand there. */
export const readConfig = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, symbol = '', value = '']) => [symbol, value]));
