// The final configs of a run's kernels, in its folder: what two kernels are configured with otherwise explains figures.
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuiltKernel } from '../kernel/index.ts';
import { readConfig } from '../plan.ts';

const folder = 'kernels';
const suffix = '.config';

/** Copies each into `<dir>/kernels/<name>.config`. */
export const keepConfigs = async (dir: string, kernels: Iterable<BuiltKernel>): Promise<void> => {
  await mkdir(join(dir, folder), { recursive: true });
  for (const { name, config } of kernels) await copyFile(config, join(dir, folder, `${name}${suffix}`));
};

/** By kernel. Empty for a run that kept none, as older ones did. */
export const readConfigs = async (dir: string): Promise<Map<string, ReadonlyMap<string, string>>> => {
  const files = (await readdir(join(dir, folder)).catch(() => [])).filter((name) => name.endsWith(suffix));
  return new Map(
    await Promise.all(
      files.map(
        async (name): Promise<[string, ReadonlyMap<string, string>]> => [
          basename(name, suffix),
          readConfig(await readFile(join(dir, folder, name), 'utf8')),
        ],
      ),
    ),
  );
};
