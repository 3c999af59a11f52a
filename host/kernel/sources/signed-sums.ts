// The signed lists of digests that stand beside the tarballs of kernel.org.

import { readFile } from 'node:fs/promises';
import { type Key, readCleartextMessage, readKeys, verify } from 'openpgp';
import { canAccess } from '../../../vm/can-access.ts';
import { RingcrossError } from '../../../vm/errors.ts';

/** Who has to have signed: a key file, believed only for the key of this fingerprint in it. */
export interface Signer {
  /** The first of these that is there. */
  keyFiles: readonly [string, ...string[]];
  /** Of the primary key, lower-case hexadecimal. */
  fingerprint: string;
  /** What makes a key file. */
  next: string;
}

/**
 * The SHA-256 of each file in a clear-signed list, of the signed text alone.
 * @throws RingcrossError `KERNEL_SOURCE_SIGNATURE` where it is no such list, or has no good signature of the key.
 */
export async function readSignedSums(text: string, key: Key, url: string): Promise<Map<string, string>> {
  try {
    const message = await readCleartextMessage({ cleartextMessage: text });
    const { signatures } = await verify({ message, verificationKeys: [key] });
    if (signatures.length === 0) throw new Error('nobody signed it');
    // One good signature of the one key that is believed is what there must be.
    await Promise.any(signatures.map(({ verified }) => verified));
    return parseSums(message.getText());
  } catch (error) {
    const [reason] = error instanceof AggregateError ? error.errors : [error];
    throw new RingcrossError(
      'KERNEL_SOURCE_SIGNATURE',
      `expected ${url} to be signed by the key ${key.getFingerprint()}, but: ${(reason as Error).message}`,
      { cause: error },
    );
  }
}

/** The public key. Errors: KERNEL_SOURCE_SIGNATURE where it is in none of the files, which tells how to make one. */
export async function readSigningKey({ keyFiles, fingerprint, next }: Signer): Promise<Key> {
  const keyFile = (await firstThere(keyFiles)) ?? keyFiles[0];
  const bytes = await readFile(keyFile).catch((cause: NodeJS.ErrnoException) => {
    throw new RingcrossError(
      'KERNEL_SOURCE_SIGNATURE',
      `expected the public key ${fingerprint} in ${keyFile}, but: ${cause.message}`,
      { cause, next },
    );
  });
  const armored = bytes.subarray(0, 5).toString('latin1') === '-----';
  const keys = await (armored
    ? readKeys({ armoredKeys: bytes.toString('latin1') })
    : readKeys({ binaryKeys: bytes })
  ).catch((cause: Error) => {
    throw new RingcrossError('KERNEL_SOURCE_SIGNATURE', `${keyFile} is no key file: ${cause.message}`, {
      cause,
      next,
    });
  });
  const key = keys.find((one) => one.getFingerprint() === fingerprint);
  if (key !== undefined) return key;
  throw new RingcrossError(
    'KERNEL_SOURCE_SIGNATURE',
    `expected the public key ${fingerprint} in ${keyFile}, but it holds ` +
      (keys.map((one) => one.getFingerprint()).join(', ') || 'none'),
    { next },
  );
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await canAccess(path)) return path;
  return undefined;
}

/** Lines of sha256sum(1). */
export function parseSums(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^([\da-f]{64}) [ *](\S+)\r?$/gm)].map(([, sum = '', name = '']) => [name, sum]),
  );
}
