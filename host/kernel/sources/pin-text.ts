// Digests as kernels.lock.json writes them.

import { z } from 'zod';

export const sha256Text = z.string().regex(/^[\da-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** A hash of git's, in full: SHA-1, or SHA-256 in a repository that uses it. */
export const gitHash = z
  .string()
  .regex(/^[\da-f]{40}([\da-f]{24})?$/, "expected a full hash of git's, 40 or 64 hexadecimal digits");
