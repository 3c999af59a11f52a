// The digests by which kernels are found in the cache.

import { createHash } from 'node:crypto';
import type { Request } from './fragments.ts';
import type { Toolchain } from './toolchain.ts';

/**
 * The version of how we build and what we keep. Raise it with every change to the build's commands, their
 * environment or the files of a kept kernel: kernels of older recipes are then built anew.
 */
export const recipe = 1;

/** The same of kernels as shipped. */
export const imageRecipe = 1;

/**
 * Digest of what a kernel as shipped is made of: the request for it and its cache key in one. The toolchain is that of the
 * modules that are built for it.
 */
export function imageKey(sourceDigest: string, toolchain: Toolchain): string {
  return digest({ imageRecipe, sourceDigest, toolchain });
}

/**
 * Digest of what a build starts from. It tells without unpacking anything that a kernel is already there.
 * The order, comments and files of the requests do not matter, since no two of them contradict each other.
 */
export function requestKey(sourceDigest: string, requests: readonly Request[], toolchain: Toolchain): string {
  const options = Object.fromEntries(requests.map(({ symbol, value }) => [symbol, value]));
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return digest({ recipe, sourceSha256: sourceDigest, options: sorted, toolchain });
}

/** Digest of what a kernel is made of: the cache key. Two requests with the same final config share a kernel. */
export function kernelKey(sourceDigest: string, configSha256: string, toolchain: Toolchain): string {
  return digest({ recipe, sourceSha256: sourceDigest, configSha256, toolchain });
}

// The key `sourceSha256` is older than sources that have no file: another would make every kernel anew.
function digest(value: object): string {
  return sha256(JSON.stringify(value));
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
