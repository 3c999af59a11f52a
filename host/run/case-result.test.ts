import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import type { CaseReport } from '../../guest/protocol/messages.ts';
import { caseName, measuredCase } from './case-result.ts';
import { sampleBytes } from './samples.ts';

const wire = (...samples: bigint[]) =>
  deflateRawSync(sampleBytes(BigUint64Array.from(samples))).toString('base64');

const report: CaseReport = {
  mechanism: 'pipe',
  direction: 'u2u',
  variant: 'alternating',
  bytes: 1024,
  sent: 3,
  received: 3,
  lost: 0,
  overhead: 4,
  kernelOverhead: null,
  faults: 0,
  send: wire(100n, 100n, 200n),
  receive: null,
  transit: wire(256n, 256n, 300n),
  stream: null,
};

test('a column becomes a distribution, throughput is bytes over median transit', (t) => {
  const { result, samples } = measuredCase(report, 'instructions');
  t.is(result.unit, 'instructions');
  t.is(result.send?.p50, 100);
  t.is(result.receive, null);
  t.is(result.throughput.bytesPerTick, 4);
  t.deepEqual(samples.send, BigUint64Array.of(100n, 100n, 200n));
});

test('the emulated lens publishes no tick at all', (t) => {
  const { result, samples } = measuredCase(report, 'emulated');
  t.deepEqual(samples, {});
  t.deepEqual(
    [result.unit, result.overhead, result.send, result.transit, result.throughput.bytesPerTick],
    [null, null, null, null, null],
  );
  t.is(result.received, 3);
});

const streamed: CaseReport = {
  ...report,
  send: null,
  transit: null,
  stream: { messages: 3, ticks: 1000 },
};

test('a stream has a mean and the throughput of it, and no column', (t) => {
  const { result, samples } = measuredCase(streamed, 'instructions');
  t.deepEqual(result.stream, { messages: 3, ticks: 1000, mean: 333.3 });
  t.is(result.throughput.bytesPerTick, 3.072);
  t.deepEqual([result.send, result.receive, result.transit], [null, null, null]);
  t.deepEqual(samples, {});
});

test('the emulated lens publishes no stream either', (t) => {
  const { result } = measuredCase(streamed, 'emulated');
  t.is(result.stream, null);
  t.is(result.throughput.bytesPerTick, null);
});

test('a stream without a message, or of more ticks than a JSON number holds, is refused', (t) => {
  for (const stream of [
    { messages: 0, ticks: 1 },
    { messages: 1, ticks: 2 ** 53 },
  ])
    t.throws(() => measuredCase({ ...streamed, stream }, 'instructions'), { instanceOf: RangeError });
});

test('a case is named after what tells it apart', (t) => {
  t.is(caseName(report), 'pipe-u2u-alternating-1024');
  t.is(caseName({ ...report, variant: '../page vsyscall=none' }), 'pipe-u2u-..-page-vsyscall=none-1024');
});

test('a call that carries no bytes has no throughput', (t) => {
  t.is(measuredCase({ ...report, bytes: 0 }, 'instructions').result.throughput.bytesPerTick, null);
});
