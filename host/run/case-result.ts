// One measured case, from the guest's report to what is published of it.
import type { CaseReport, StreamReport } from '../../guest/protocol/messages.ts';
import { type Lens, lensRecords } from '../../vm/lens.ts';
import type { CaseResult, Distribution } from './results.ts';
import { decodeSamples, distribution } from './samples.ts';

export const columns = ['send', 'receive', 'transit'] as const;
export type Column = (typeof columns)[number];

export interface MeasuredCase {
  result: CaseResult;
  /** Raw columns to be kept; none where the lens publishes no ticks. */
  samples: Partial<Record<Column, BigUint64Array>>;
}

/** A lens without a unit keeps counts and losses, and drops every tick: what is not there cannot be misread. */
export const measuredCase = (report: CaseReport, lens: Lens): MeasuredCase => {
  const { unit } = lensRecords[lens];
  const { mechanism, direction, variant, bytes, sent, received, lost, faults } = report;
  const samples: MeasuredCase['samples'] = {};
  const distributions: Record<Column, Distribution | null> = { send: null, receive: null, transit: null };
  if (unit !== null)
    for (const column of columns) {
      const encoded = report[column];
      if (encoded === null) continue;
      const decoded = decodeSamples(encoded);
      samples[column] = decoded;
      distributions[column] = distribution(decoded);
    }
  const stream = unit === null || report.stream === null ? null : streamOf(report.stream);
  const median = (distributions.transit ?? distributions.send ?? distributions.receive)?.p50 ?? null;
  const ticks = stream ? stream.ticks / stream.messages : median;
  return {
    result: {
      mechanism,
      direction,
      variant,
      bytes,
      sent,
      received,
      lost,
      unit,
      overhead: unit === null ? null : report.overhead,
      kernelOverhead: unit === null ? null : report.kernelOverhead,
      faults,
      ...distributions,
      stream,
      // Per second needs a tick's length in seconds, which no lens here knows without the host's TSC rate.
      throughput: {
        bytesPerTick: !ticks || bytes === 0 ? null : round(bytes / ticks),
        bytesPerSecond: null,
      },
    },
    samples,
  };
};

const streamOf = ({ messages, ticks }: StreamReport): CaseResult['stream'] => {
  if (!Number.isSafeInteger(ticks) || !Number.isSafeInteger(messages) || messages < 1)
    throw new RangeError(`a stream of ${messages} messages in ${ticks} ticks cannot be right`);
  return { messages, ticks, mean: Math.round((ticks * 10) / messages) / 10 };
};

/** Four significant digits. */
const round = (value: number): number => Number(value.toPrecision(4));

/** A case's name in files: `pipe-u2u-blocking-1024`. */
export const caseName = ({
  mechanism,
  direction,
  variant,
  bytes,
}: Pick<CaseReport, 'mechanism' | 'direction' | 'variant' | 'bytes'>): string =>
  // A variant is a spec's own word: nothing of it may leave the folder.
  `${mechanism}-${direction}-${variant}-${bytes}`.replaceAll(/[^\w.=-]/g, '-');
