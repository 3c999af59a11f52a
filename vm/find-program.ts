// Where a program of the host is.
import { join } from 'node:path';
import { canAccess } from './can-access.ts';

/** The first of that name on the PATH, and where system administrators' programs stand; null where it is nowhere. */
export const findProgram = async (name: string): Promise<string | null> => {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/bin'];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder && (await canAccess(path))) return path;
  }
  return null;
};
