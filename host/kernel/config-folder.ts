// The kernel-config folders: where ringcross' own is, and what one holds.

import { resolve } from 'node:path';

/** The repository's own kernel-config folder. */
export const defaultConfigFolder = resolve(import.meta.dirname, '../../kernel-config');

/** Names inside a kernel-config folder. */
export const configFiles = { kernels: 'kernels.json', lock: 'kernels.lock.json' } as const;
