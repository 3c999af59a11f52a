// A full disk, told as such before or after it happens.

import { statfs } from 'node:fs/promises';
import { RingcrossError } from './errors.ts';

/**
 * @throws RingcrossError `DISK_FULL` when the file system of `folder` has less than `bytes` free for us.
 */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw diskFullError(folder, { detail: `expected ${megabytes(bytes)} free, got ${megabytes(free)}` });
}

/** Whether a program's message or a system call's error says that the disk is full. */
export function tellsDiskFull(message: unknown): boolean {
  if (typeof message === 'string') return /No space left on device|Disk quota exceeded/.test(message);
  const code = (message as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The error for a full disk under `folder`. */
export function diskFullError(
  folder: string | undefined,
  { detail = 'no space was left while writing', cause }: { detail?: string; cause?: unknown } = {},
): RingcrossError {
  return new RingcrossError(
    'DISK_FULL',
    `not enough disk space${folder === undefined ? '' : ` for ${folder}`}: ${detail}. ` +
      'Free some, or set XDG_CACHE_HOME to a folder on another disk',
    { cause },
  );
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6).toLocaleString('en')} MB`;
}
