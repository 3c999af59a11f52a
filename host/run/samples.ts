// Samples: unsigned 64-bit ticks, from the wire to distributions and files.
import { inflateRawSync } from 'node:zlib';
import type { EncodedSamples } from '../../guest/protocol/messages.ts';
import type { Distribution } from './results.ts';

/** Decodes a column as it travelled: raw DEFLATE of little-endian u64, base64. Throws where it is none. */
export const decodeSamples = (encoded: EncodedSamples): BigUint64Array => {
  const bytes = inflateRawSync(Buffer.from(encoded, 'base64'));
  if (bytes.length % 8 !== 0)
    throw new RangeError(`expected whole 64-bit samples, but got ${bytes.length} bytes`);
  const aligned = new Uint8Array(bytes);
  return new BigUint64Array(aligned.buffer);
};

/** The bytes of a column's file: little-endian u64, as x86-64 has them in memory. */
export const sampleBytes = (samples: BigUint64Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

/**
 * Distribution of a column. A percentile is the nearest rank: the smallest sample that at least p per cent do not
 * exceed, so every figure occurred. Sums and sorting are done in 64-bit integers; the mean is rounded to a tenth.
 */
export const distribution = (samples: BigUint64Array): Distribution => {
  const n = samples.length;
  if (n === 0) throw new RangeError('expected at least one sample, but the column is empty');
  const sorted = samples.toSorted();
  const rank = (numerator: number, denominator: number) =>
    exact(sorted[Math.max(0, Math.ceil((n * numerator) / denominator) - 1)] ?? 0n);
  const sum = samples.reduce((total, sample) => total + sample, 0n);
  return {
    n,
    min: exact(sorted[0] ?? 0n),
    p50: rank(50, 100),
    p90: rank(90, 100),
    p99: rank(99, 100),
    p999: rank(999, 1000),
    max: exact(sorted[n - 1] ?? 0n),
    mean: exact((sum * 10n + BigInt(n) / 2n) / BigInt(n)) / 10,
  };
};

/** A tick count as a JSON number; one beyond 2^53 would be rounded, so it is refused. */
const exact = (ticks: bigint): number => {
  if (ticks > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError(`a sample of ${ticks} ticks cannot be right`);
  return Number(ticks);
};
