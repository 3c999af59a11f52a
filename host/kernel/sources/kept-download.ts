// A download that is kept in the cache and believed for its digest alone.

import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RingcrossError } from '../../../vm/errors.ts';
import { fileSha256 } from '../../../vm/file-digest.ts';
import type { SourceContext } from './source.ts';

export interface Download {
  /** What it is called where it comes from. */
  package: string;
  version: string;
  /** As the lock file pins it. */
  sha256: string;
}

/** The name of a download among the sources. */
export function downloadName({ package: from, version, sha256 }: Download): string {
  return `${from}_${version}_${sha256.slice(0, 16)}`;
}

/**
 * The path of the download, which is made by `download` where it is not there; one that is there is digested again.
 * @throws RingcrossError `KERNEL_SOURCE_DIGEST` where the digest is another one; the file is then removed.
 */
export async function keptDownload(
  wanted: Download,
  { sources, signal }: SourceContext,
  download: (file: string) => Promise<void>,
): Promise<string> {
  const file = join(sources, downloadName(wanted));
  const have = await fileSha256(file, signal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (have !== undefined) {
    await refuseOtherDigest(file, have, wanted.sha256);
    return file;
  }
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  try {
    await rm(partial, { force: true });
    await download(partial);
    await refuseOtherDigest(partial, await fileSha256(partial, signal), wanted.sha256);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return file;
}

async function refuseOtherDigest(file: string, got: string, expected: string): Promise<void> {
  if (got === expected) return;
  await rm(file, { force: true });
  throw new RingcrossError(
    'KERNEL_SOURCE_DIGEST',
    `${file} is not what kernels.lock.json pins, and has been removed:\n` +
      `  expected SHA-256 ${expected}\n  got      SHA-256 ${got}`,
  );
}
