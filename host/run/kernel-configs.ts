// The final configs of a run's kernels, in its folder: what two kernels are configured with otherwise explains figures.
import { copyFile, cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import type { BuiltKernel } from '../kernel/index.ts';
import { readConfig } from '../plan.ts';

const folder = 'kernels';
const suffix = '.config';

/** Copies it to `<dir>/kernels/<name>.config`. */
export const keepConfig = async (dir: string, { name, config }: BuiltKernel): Promise<void> => {
  await mkdir(join(dir, folder), { recursive: true });
  await copyFile(config, join(dir, folder, `${name}${suffix}`));
};

/** Takes those of another run over. */
export const takeConfigs = async (from: string, dir: string): Promise<void> => {
  // One that was interrupted before its first kernel was built has none.
  if (await canAccess(join(from, folder)))
    await cp(join(from, folder), join(dir, folder), { recursive: true });
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
