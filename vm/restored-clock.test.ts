import test from 'ava';
import type { ClockReading } from '../guest/protocol/messages.ts';
import { type ClockMoment, restoredClockVerdict } from './restored-clock.ts';

const reading = (ms: number, changes: Partial<ClockReading> = {}): ClockReading => ({
  tsc: `${Math.round(ms * 2_400_000)}`,
  monotonicNs: `${Math.round(ms * 1e6)}`,
  clockSource: 'tsc',
  ...changes,
});

/** The host's clock is an hour ahead of the guest's; each reading takes it `slowMs`. */
const moment = (ms: number, slowMs: number, changes: Partial<ClockReading> = {}): ClockMoment => {
  const before = BigInt(Math.round((ms + 3_600_000) * 1e6));
  return { before, reading: reading(ms, changes), after: before + BigInt(Math.round(slowMs * 1e6)) };
};

const frozen = reading(5000);
const verdict = (first: ClockMoment, second: ClockMoment) =>
  restoredClockVerdict(frozen, first, second, 200) ?? 'trusted';

test('a clock that goes on as it did is trusted, however slowly it is read', (t) => {
  t.is(verdict(moment(5100, 1), moment(5600, 1)), 'trusted');
  t.is(verdict(moment(5100, 300), moment(5600, 300)), 'trusted');
});

test('one that went back is not, by whichever clock', (t) => {
  t.regex(verdict(moment(4000, 1), moment(4500, 1)), /time stamp counter went back/);
  const behind = moment(5100, 1, { monotonicNs: '1' });
  t.regex(verdict(behind, moment(5600, 1)), /monotonic clock went back from 5000000000 to 1 ns/);
});

test('one that counted the time for which it was frozen is not', (t) => {
  t.regex(verdict(moment(65_000, 1), moment(65_500, 1)), /60000 ms passed in the guest .* and it ran 200$/);
});

test('one that goes at another rate is not, within a thousandth and what the readings leave open', (t) => {
  const faster = (by: number) =>
    verdict(moment(5100, 0.1), moment(5600, 0.1, { monotonicNs: `${5100e6 + 500e6 * by}` }));
  t.is(faster(1.0005), 'trusted');
  t.regex(faster(1.02), /510000000 ns passed in the guest, and \d+ to \d+ on the host/);
  t.regex(faster(0.98), /490000000 ns passed in the guest/);
});

test('one that stands still, or that the kernel took another for, is not', (t) => {
  const tsc = reading(5100).tsc;
  t.regex(verdict(moment(5100, 1), moment(5600, 1, { tsc })), /stands still/);
  t.regex(verdict(moment(5100, 1), moment(5600, 1, { clockSource: 'jiffies' })), /is jiffies, and was tsc/);
});
