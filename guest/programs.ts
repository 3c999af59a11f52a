// The freestanding programs of guest/programs, as the host compiled them onto the agent's disk.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the agent's bundle, of which this module is a part in a guest. */
const beside = join(import.meta.dirname, 'programs');

/**
 * Path of the program made of `guest/programs/<name>.c`. A name that ends in `.m32` is a 32-bit program.
 * @throws {RangeError} that lists the programs there are.
 */
export const program = (name: string, folder = beside): string => {
  const path = join(folder, name);
  if (!name.includes('/') && existsSync(path)) return path;
  const known = existsSync(folder) ? readdirSync(folder).sort().join(', ') : 'none';
  throw new RangeError(`no program "${name}" in ${folder}: there are ${known}`);
};
