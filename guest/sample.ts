// Runs one case and hands back its samples.
import { constants } from 'node:os';
import { kernelSide, resetStamps, verified, verifyBelow } from './debugfs.ts';
import { systemError } from './errno.ts';
import { type Direction, type NativeBench, native } from './native.ts';
import { currentSettings } from './settings.ts';
import { columns, type Side, since } from './stamps.ts';

/** One case: mechanism x direction x variant x size, and how it is run. */
export interface Case {
  mechanism: string;
  direction: Direction;
  variant: string;
  /** The mechanism whose bench it runs, for one that has none: `file`, with a `path`, for a device that takes messages and gives them back. */
  by?: string;
  /** Where the machine is set up otherwise, as by the command line: what tells this case's variant from the usual one. */
  setting?: string;
  /** Of one message. 0 for a call that carries none. */
  bytes: number;
  /** The module whose stamps are the kernel's side: it receives in `u2k` and sends in `k2u`. */
  kernel?: string;
  /** What the bench opens instead of its usual device or file. */
  path?: string;
  /** Kept samples. Default 1000. */
  messages?: number;
  /** Messages before the kept ones, on which every byte is checked. Default 200. */
  warmup?: number;
}

/** What a case gave. Ticks are whatever the machine's time stamp counter counts, `overhead` already subtracted. */
export interface CaseResult {
  mechanism: string;
  direction: Direction;
  variant: string;
  bytes: number;
  sent: number;
  /** Messages that came to their receiver, or to all of them where several listen. */
  received: number;
  lost: number;
  /** Median of the empty window in user space. */
  overhead: bigint;
  /** Median of the empty window in the kernel, where a module stamped one side. */
  kernelOverhead: bigint | null;
  /** Page faults inside or between the windows: zero, or the figures show memory management too. */
  faults: number;
  /** Ticks inside the sender's call, one a message in order of sending; null where nobody stamps it. */
  send: BigUint64Array | null;
  /** Ticks inside the receiver's call; null too where the receiver waits: the wait is the sender's time. */
  receive: BigUint64Array | null;
  /** From start of send to end of receive, the last one's where several listen; null where a side has no stamps. */
  transit: BigUint64Array | null;
  /** A stream's messages, and the ticks from the first one's sending to the last one's receiving; else null. */
  stream: { messages: number; ticks: bigint } | null;
}

const defaults = { messages: 1000, warmup: 200 };
const limit = 10_000_000;

/**
 * Runs the case now, off the main thread, and pairs both sides by sequence number.
 * @throws {TypeError|RangeError} when the case does not fit the addon's bench.
 * @throws an error with `code`, `errno` and `syscall` when a call fails; `EBADMSG` when a message came out wrong.
 */
export const sample = async (given: Case): Promise<CaseResult> => {
  const { mechanism, by = mechanism, direction, variant, bytes, kernel, path } = given;
  const settings = currentSettings();
  const messages = count('messages', settings.messages ?? given.messages ?? defaults.messages);
  const warmup = count('warmup', settings.warmup ?? given.warmup ?? defaults.warmup);
  const bench = findBench({ mechanism: by, direction, variant, bytes });

  const kernelIs = direction === 'k2u' ? 'sent' : 'received';
  if (kernel) {
    resetStamps(kernel, kernelIs);
    verifyBelow(kernel, kernelIs === 'received' ? warmup : 0);
  }
  const ran = await native().run(
    by,
    direction,
    variant,
    bytes,
    messages,
    warmup,
    settings.cpu ?? -1,
    settings.realtime,
    path,
  );
  if (kernel && kernelIs === 'received') checkVerified(kernel, warmup);
  const kernels = kernel ? keptOf(kernelSide(kernel, kernelIs), warmup) : null;
  const user = (stamps: BigUint64Array | undefined): Side | null =>
    stamps ? { stamps, overhead: ran.overhead } : null;
  const sender = kernelIs === 'sent' && kernels ? kernels : user(ran.sent);
  const receiver = kernelIs === 'received' && kernels ? kernels : user(ran.received);

  const { send, receive, transit, unpaired } = columns(sender, receiver, bench.listeners);
  const received = receive ? Math.floor(receive.length / bench.listeners) : messages;
  return {
    mechanism,
    direction,
    variant: given.setting === undefined ? variant : `${variant} ${given.setting}`,
    bytes,
    sent: messages,
    received,
    lost: unpaired.length,
    overhead: ran.overhead,
    kernelOverhead: kernels ? kernels.overhead : null,
    faults: ran.faults,
    send,
    receive: bench.blocking ? null : receive,
    transit,
    stream: ran.streamTicks === undefined ? null : { messages, ticks: ran.streamTicks - ran.overhead },
  };
};

/** The benches of the addon, or of one mechanism. */
export const benches = (mechanism?: string): NativeBench[] =>
  native()
    .benches()
    .filter((bench) => mechanism === undefined || bench.mechanism === mechanism);

/**
 * The bench of that name, which must be an experiment on reliability or none, and take messages of that size.
 * @throws {RangeError} that says what there is.
 */
export const findBench = (
  { mechanism, direction, variant, bytes }: Pick<Case, 'mechanism' | 'direction' | 'variant' | 'bytes'>,
  openLoop = false,
): NativeBench => {
  const own = benches(mechanism).filter((bench) => bench.openLoop === openLoop);
  const found = own.find((bench) => bench.direction === direction && bench.variant === variant);
  if (found) {
    checkBytes(found, bytes);
    return found;
  }
  const known = own.map((bench) => `${bench.direction} ${bench.variant}`);
  const has = known.length > 0 ? `it has ${known.join(', ')}` : 'the addon does not know the mechanism';
  throw new RangeError(`${mechanism} has no bench "${direction} ${variant}": ${has}`);
};

const checkBytes = (
  { mechanism, direction, variant, minBytes, maxBytes }: NativeBench,
  bytes: number,
): void => {
  if (Number.isInteger(bytes) && bytes >= minBytes && bytes <= maxBytes) return;
  const range = minBytes === maxBytes ? `${minBytes}` : `${minBytes} to ${maxBytes}`;
  throw new RangeError(`${mechanism} ${direction} ${variant} takes ${range} bytes, not ${bytes}`);
};

const count = (name: string, value: number): number => {
  if (Number.isInteger(value) && value >= 1 && value <= limit) return value;
  throw new RangeError(`${name} must be a whole number from 1 to ${limit}, not ${value}`);
};

/** The kernel received every message of the warm-up, each as it was sent. */
const checkVerified = (module: string, warmup: number): void => {
  const { intact, corrupt } = verified(module);
  if (intact === warmup && corrupt === 0) return;
  throw systemError(
    constants.errno.EBADMSG,
    'checksum',
    `of ${warmup} warm-up messages the module ${module} received ${intact} intact and ${corrupt} corrupt`,
  );
};

const keptOf = ({ stamps, overhead }: Side, warmup: number): Side => ({
  stamps: since(stamps, BigInt(warmup)),
  overhead,
});
