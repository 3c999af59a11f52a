// The same case on two kernels: how much longer or shorter its path has become. Pure.
import type { CaseResult } from '../run/results.ts';

export type Column = 'send' | 'receive' | 'transit' | 'stream';

/** A median that both kernels have, in the unit of the lens; of a stream the mean. */
export interface Change {
  case: CaseResult;
  column: Column;
  before: number;
  after: number;
}

/** What a case is called by where it is one of many: `pipe u2u blocking 1024 send`. */
export const figureName = ({ mechanism, direction, variant, bytes }: CaseResult, column: Column): string =>
  `${mechanism} ${direction} ${variant} ${bytes} ${column}`;

/** The figures of a case that are compared: medians, and the mean of a stream. */
export const figuresOf = (one: CaseResult): [Column, number][] => {
  const medians = (['send', 'receive', 'transit'] as const).flatMap((column): [Column, number][] => {
    const distribution = one[column];
    return distribution ? [[column, distribution.p50]] : [];
  });
  return one.stream ? [...medians, ['stream', one.stream.mean]] : medians;
};

/** Every figure that both have, in the order of the newer kernel's cases. */
export const changes = (older: readonly CaseResult[], newer: readonly CaseResult[]): Change[] => {
  const before = new Map(
    older.flatMap((one) => figuresOf(one).map(([column, value]) => [figureName(one, column), value])),
  );
  return newer.flatMap((one) =>
    figuresOf(one).flatMap(([column, after]) => {
      const value = before.get(figureName(one, column));
      return value === undefined ? [] : [{ case: one, column, before: value, after }];
    }),
  );
};

/** By what part of `before` it has grown; negative where it has become shorter. Infinite where nothing has become something. */
export const growth = ({ before, after }: Pick<Change, 'before' | 'after'>): number => {
  if (after === before) return 0;
  return before === 0 ? Number.POSITIVE_INFINITY : (after - before) / before;
};

/** `+12.3 %`, and `=` where nothing has changed. */
export const signedPercent = (part: number): string => {
  if (part === 0) return '=';
  if (!Number.isFinite(part)) return 'new';
  const percent = (part * 100).toFixed(1);
  return `${part > 0 ? '+' : ''}${percent === '-0.0' ? '0.0' : percent} %`;
};
