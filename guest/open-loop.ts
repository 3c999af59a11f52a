// Runs one experiment on reliability and gives the account of its messages.
import { kernelSide, resetStamps } from './debugfs.ts';
import { type Direction, native } from './native.ts';
import type { AccountReport } from './protocol/messages.ts';
import { findBench } from './sample.ts';
import { currentSettings } from './settings.ts';
import type { Stamps } from './stamps.ts';
import { attempt } from './syscall.ts';
import { tally } from './tally.ts';
import { until } from './wait.ts';

/**
 * Whether a sleep ends when it is to, and not with the timer tick after that: a kernel gets there when it has learned how
 * fast its clock goes, about a second after boot.
 */
const hasFineTimers = (): boolean => {
  const CLOCK_MONOTONIC = 1;
  const resolution = new BigInt64Array(2);
  return attempt('clock_getres', CLOCK_MONOTONIC, resolution) === 0 && resolution[1] === 1n;
};

/** What is sent to whom at which pace. */
export interface Experiment {
  mechanism: string;
  direction: Direction;
  /** The addon's bench, which must be an experiment. */
  bench: string;
  /** What the account calls it; the bench's name unless given. */
  variant?: string;
  /** Of one message. */
  bytes: number;
  messages: number;
  /** Nanoseconds from one message to the next, 0 for as fast as it goes; null where the sender waits for the receiver. */
  periodNs: number | null;
  /** Nanoseconds of work that the receiver has with each message. Default 0. */
  serviceNs?: number;
  /** The module whose log tells what was sent; without one the addon itself sends. */
  kernel?: string;
  /** The room between both sides, for the account. */
  buffer?: AccountReport['buffer'];
  /** The same for the bench, where it is the bench that makes the room: bytes of a socket, messages of a queue. */
  room?: number;
  /** How many messages may be unacknowledged, for the account. */
  window?: number;
  /** Messages that the sender has sent again, once the experiment is over. */
  repeated?: () => number;
}

/**
 * Runs it now, off the main thread. Messages are numbered from 0 and each that arrives has its checksum verified.
 * @throws {TypeError|RangeError} when it does not fit the addon's bench.
 * @throws an error with `code`, `errno` and `syscall` where it cannot be set up, or the sender gives up.
 */
export const openLoop = async (given: Experiment): Promise<AccountReport> => {
  const { mechanism, direction, bytes, messages, periodNs, kernel } = given;
  const serviceNs = given.serviceNs ?? 0;
  const settings = currentSettings();
  findBench({ mechanism, direction, variant: given.bench, bytes }, true);
  // Where ticks count nothing, the pace does not either.
  if (settings.unit !== null) await until('timers of high resolution', hasFineTimers);
  if (kernel) resetStamps(kernel, 'sent');
  const ran = await native().runOpenLoop(
    mechanism,
    direction,
    given.bench,
    bytes,
    messages,
    // There is no warm-up: each message counts.
    1,
    settings.cpu ?? -1,
    settings.realtime,
    given.room ?? 0,
    periodNs ?? -1,
    serviceNs,
  );
  const none: Stamps = new BigUint64Array();
  const told = tally({
    offered: messages,
    sent: kernel ? kernelSide(kernel, 'sent').stamps : (ran.sent ?? none),
    refused: kernel ? kernelSide(kernel, 'refused').stamps : (ran.refused ?? none),
    received: ran.received ?? none,
    noticed: ran.noticed ?? none,
  });
  return {
    mechanism,
    direction,
    variant: given.variant ?? given.bench,
    bytes,
    buffer: given.buffer ?? null,
    load: periodNs === null ? null : { periodNs, serviceNs },
    window: given.window ?? null,
    ...told,
    corrupted: ran.corrupted,
    repeated: given.repeated?.() ?? 0,
    recognised: ran.recognised,
  };
};
