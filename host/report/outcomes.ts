// Outcomes counted and sorted, as every report words them.

/** Whether an outcome of a cell or a test needs nobody's attention. */
export const isGood = (outcome: string): boolean => outcome === 'passed' || outcome === 'skipped';

/** `5 passed, 1 failed`: each outcome that occurs, in the order of `order`. */
export const tally = <Outcome extends string>(
  outcomes: readonly Outcome[],
  order: readonly Outcome[],
): string =>
  order
    .map((outcome) => ({ outcome, count: outcomes.filter((one) => one === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome}`)
    .join(', ');

/** `1 cell`, `2 cells`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
