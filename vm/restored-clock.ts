// Whether the clock of a clone goes on where its template's stopped, at the same rate.
import type { ClockReading } from '../guest/protocol/messages.ts';

/** A reading of a guest's clocks, between two moments of the host's, nanoseconds. */
export interface ClockMoment {
  before: bigint;
  reading: ClockReading;
  after: bigint;
}

/** What a clock may differ from the host's by beyond what the two readings leave open: crystals are ten times better. */
const tolerance = 0.001;

/**
 * Why a clone's clock cannot be trusted, or null. It must not go back behind the frozen one, by which intervals would be
 * negative; nor count the time for which it was frozen, where the guest ran `ranAtMostMs` at most since `frozen` was read;
 * and a nanosecond of the guest must be one of the host's, which it is only while the counter goes as fast as when the
 * guest's kernel booted. Pure.
 */
export const restoredClockVerdict = (
  frozen: ClockReading,
  first: ClockMoment,
  second: ClockMoment,
  ranAtMostMs: number,
): string | null => {
  const source = second.reading.clockSource;
  if (source !== frozen.clockSource)
    return `the clock source is ${source}, and was ${frozen.clockSource} in its template`;
  const [tsc0, tsc1, tsc2] = [frozen, first.reading, second.reading].map(({ tsc }) => BigInt(tsc)) as Three;
  const [ns0, ns1, ns2] = [frozen, first.reading, second.reading].map(({ monotonicNs }) =>
    BigInt(monotonicNs),
  ) as Three;
  if (tsc1 < tsc0) return `the time stamp counter went back from ${tsc0} to ${tsc1}`;
  if (ns1 < ns0) return `the monotonic clock went back from ${ns0} to ${ns1} ns`;
  const ranMs = Number(ns1 - ns0) / 1e6;
  if (ranMs > ranAtMostMs)
    return `${Math.round(ranMs)} ms passed in the guest since its template's clock was read, and it ran ${Math.round(ranAtMostMs)}`;
  const passed = Number(ns2 - ns1);
  const least = Number(second.before - first.after) * (1 - tolerance);
  const most = Number(second.after - first.before) * (1 + tolerance);
  if (passed < least || passed > most)
    return `${passed} ns passed in the guest, and ${Math.round(least)} to ${Math.round(most)} on the host`;
  if (tsc2 <= tsc1) return `the time stamp counter stands still at ${tsc1}`;
  return null;
};

type Three = [bigint, bigint, bigint];
