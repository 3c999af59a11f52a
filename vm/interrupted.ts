// One error for every way in which a caller's AbortSignal can stop the work.

import { RingcrossError } from './errors.ts';

/** Throws `INTERRUPTED` when the signal has been raised; the signal's reason is the cause. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason instanceof RingcrossError) throw signal.reason;
  throw new RingcrossError('INTERRUPTED', 'the work was stopped before it was done', {
    cause: signal.reason,
  });
}
