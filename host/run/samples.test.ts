import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import { decodeSamples, distribution, sampleBytes } from './samples.ts';

test('samples survive the wire to the last bit', (t) => {
  const samples = BigUint64Array.from([0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]);
  const wire = deflateRawSync(sampleBytes(samples)).toString('base64');
  t.deepEqual(decodeSamples(wire), samples);
});

test('a column cut short is refused', (t) => {
  t.throws(() => decodeSamples(deflateRawSync(Buffer.alloc(7)).toString('base64')), {
    instanceOf: RangeError,
  });
});

test('percentiles are nearest ranks: of 1 to 1000 each is its own', (t) => {
  const samples = BigUint64Array.from({ length: 1000 }, (_, index) => BigInt(1000 - index));
  t.deepEqual(distribution(samples), {
    n: 1000,
    min: 1,
    p50: 500,
    p90: 900,
    p99: 990,
    p999: 999,
    max: 1000,
    mean: 500.5,
  });
});

test('one sample is every percentile', (t) => {
  t.deepEqual(distribution(BigUint64Array.of(7n)), {
    n: 1,
    min: 7,
    p50: 7,
    p90: 7,
    p99: 7,
    p999: 7,
    max: 7,
    mean: 7,
  });
});

test('no sample, or one that a JSON number would round, is refused', (t) => {
  t.throws(() => distribution(new BigUint64Array()), { instanceOf: RangeError });
  t.throws(() => distribution(BigUint64Array.of(2n ** 53n)), { message: /9007199254740992 ticks/ });
});
