// The native addon, loaded at the first use: importing a spec must work where there is none.

export type Direction = 'u2k' | 'k2u' | 'u2u';

/** A number or bigint is passed as it is, bytes and strings by their address, a string with a NUL at its end. */
export type CallArgument = number | bigint | NodeJS.TypedArray | string;

/** A bench that the addon holds. */
export interface NativeBench {
  mechanism: string;
  direction: Direction;
  variant: string;
  minBytes: number;
  maxBytes: number;
  /** The receiver's window holds its wait for the sender. */
  blocking: boolean;
  /** How many receive each message. */
  listeners: number;
  /** One window holds all messages. */
  stream: boolean;
  /** There must be page faults: they are what is measured. */
  firstTouch: boolean;
  /** It is an experiment on reliability, for `runOpenLoop`. */
  openLoop: boolean;
}

/** Stamps are sequence number, start and end in ticks, message after message. */
export interface NativeResult {
  /** Median of the empty window, in ticks; not subtracted yet. */
  overhead: bigint;
  /** Page faults of the bench's threads while the kept messages went. */
  faults: number;
  /** The CPU it was pinned to. */
  cpu: number;
  /** From the first kept message's sending to the last one's receiving, the window's own ticks included. */
  streamTicks: bigint | undefined;
  sent: BigUint64Array | undefined;
  received: BigUint64Array | undefined;
  /** Errors of an experiment on reliability, in place of a stamp's end: by message, and by how many were received. */
  refused: BigUint64Array | undefined;
  noticed: BigUint64Array | undefined;
  /** Of an experiment: messages that were delivered with a wrong checksum, and that were recognised as delivered before. */
  corrupted: number;
  recognised: number;
}

/** What a probe found: a value, or the signal with which the kernel answered. */
export interface ProbeResult {
  value: bigint;
  signal: NodeJS.Signals | null;
}

/** A bench, and how it is to run. */
type RunArguments = [
  mechanism: string,
  direction: Direction,
  variant: string,
  bytes: number,
  messages: number,
  warmup: number,
  cpu: number,
  realtime: boolean,
];

export interface Native {
  run(...args: [...RunArguments, path: string | undefined]): Promise<NativeResult>;
  runOpenLoop(
    ...args: [...RunArguments, buffer: number, periodNs: number, serviceNs: number]
  ): Promise<NativeResult>;
  benches(): NativeBench[];
  probe(mechanism: string, name: string, args: CallArgument[]): ProbeResult;
  syscall(number: number, args: CallArgument[]): bigint;
  syscallAsync(number: number, args: CallArgument[]): Promise<bigint>;
  int80(number: number, args: CallArgument[]): bigint;
  /** Sleeps until the host has said a line on the port; null when it has gone. */
  nextLine(fd: number): string | null;
  /** Whether this guest has become a clone since it was last asked. */
  takeResumed(): boolean;
  /** OpenSSL's generators draw from the kernel's anew; RAND_poll(3). */
  reseed(): void;
  /** The time stamp counter. */
  tsc(): bigint;
}

let loaded: Native | undefined;

/**
 * The addon at the path in `RINGCROSS_NATIVE`.
 * @throws {Error} when the variable is not set, or the file is not there or not for this machine.
 */
export const native = (): Native => {
  loaded ??= load(process.env.RINGCROSS_NATIVE);
  return loaded;
};

const load = (path: string | undefined): Native => {
  if (!path) throw new Error('RINGCROSS_NATIVE is not set: it must be the path of ringcross.node');
  const addon = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch (cause) {
    throw new Error(`the native addon ${path} (RINGCROSS_NATIVE) does not load`, { cause });
  }
  return addon.exports as Native;
};
