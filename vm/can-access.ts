// Whether a path is there, as access(2) tells.
import { access, constants } from 'node:fs/promises';

/** Whether this process may use the path so; by default, whether it exists. */
export const canAccess = (path: string, mode: number = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
