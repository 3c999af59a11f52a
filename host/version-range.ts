// Ranges of kernel versions, as fragments, needs of specs and builds of modules name them.
import { coerce, satisfies } from 'semver';

/** Whether a version such as `6.12.117` or `7.3` is in a range such as `>=6.1 <7`. Pure. */
export const isInRange = (version: string, range: string): boolean =>
  satisfies(coerce(version) ?? version, range);
