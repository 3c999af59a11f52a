// The kernel-config folders: where ringcross' own is, and what one holds.

import { join } from 'node:path';
import { ownRoot } from '../project.ts';

/** The repository's own kernel-config folder. */
export const defaultConfigFolder = join(ownRoot, 'kernel-config');

/** Names inside a kernel-config folder. */
export const configFiles = { kernels: 'kernels.json', lock: 'kernels.lock.json' } as const;
