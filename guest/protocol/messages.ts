// Every message between host and guest, one union per direction. They travel as NDJSON over the virtio-serial port
// named `ringcross`. Shared by both sides; holds types and constants only.

/** Changes with any incompatible change below. The host refuses a guest that says another. */
export const protocolVersion = 2;

/** The name QEMU gives the port, as the guest reads it under /sys/class/virtio-ports. */
export const portName = 'ringcross';

/** An error as data: what survives of an `Error` on its way through JSON. */
export interface ErrorData {
  name: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorData;
}

/** What the guest is, measured in the guest. A fact that could not be read is null. */
export interface GuestFacts {
  release: string;
  bootId: string;
  /** GNU build id of the running kernel, hex, from /sys/kernel/notes. */
  buildId: string | null;
  node: string;
  cpuModel: string | null;
  cpuFlags: string[];
  cpus: number;
  memoryKiB: number | null;
  cmdline: string | null;
  clockSource: string | null;
  /** Flags of the CPU that say what its time stamp counter promises. */
  tsc: { constant: boolean; nonstop: boolean; rdtscp: boolean };
  /** By the name of the file in /sys/devices/system/cpu/vulnerabilities. */
  mitigations: Record<string, string>;
}

/** What a tick counts, in a lens that publishes ticks. */
export type TickUnit = 'cycles' | 'instructions';

export type TestOutcome = 'passed' | 'failed' | 'skipped';

/** Raw samples of one column: unsigned 64-bit little-endian ticks, raw DEFLATE, base64. */
export type EncodedSamples = string;

/** Messages through a mechanism as fast as both sides go, in one window around them all. */
export interface StreamReport {
  messages: number;
  /** Of the whole window, `overhead` already subtracted. */
  ticks: number;
}

/** One measured case as the guest reports it. Ticks have `overhead` already subtracted. */
export interface CaseReport {
  mechanism: string;
  direction: 'u2k' | 'k2u' | 'u2u';
  variant: string;
  bytes: number;
  sent: number;
  received: number;
  lost: number;
  /** Median of the empty window in user space, in ticks. */
  overhead: number;
  /** The same in the kernel, where a module stamped one side. */
  kernelOverhead: number | null;
  /** Page faults while messages went. */
  faults: number;
  send: EncodedSamples | null;
  receive: EncodedSamples | null;
  transit: EncodedSamples | null;
  /** Where the case is a stream; the three columns are then null. */
  stream: StreamReport | null;
}

/** A row of messages, one after the other by number, that were offered and have not arrived. */
export interface LossReport {
  first: number;
  count: number;
  /** Who is told that it is lost: the sender by its call, else the receiver by an error of a later call, else nobody. */
  learned: 'sender' | 'receiver' | 'nobody';
  /** The error by which it is told; null where nobody is. */
  error: string | null;
}

/** An error that one side was told, how often, and how soon. */
export interface NoticeReport {
  who: 'sender' | 'receiver';
  error: string;
  count: number;
  /**
   * From the first loss, when its message was offered, to the first of them after it; null where there is none, and of a
   * sender, whom its own call tells.
   */
  ticks: number | null;
}

/** What became of every message of one experiment: `offered` = `received` + what `losses` holds. */
export interface AccountReport {
  mechanism: string;
  direction: CaseReport['direction'];
  variant: string;
  bytes: number;
  /** The room between both sides, as it was asked for, and how many messages that is, where it is known. */
  buffer: { size: number; unit: 'bytes' | 'messages'; capacity: number | null } | null;
  /** Open loop: a message each `periodNs`, 0 for as fast as it goes, to a receiver that takes `serviceNs` for each. */
  load: { periodNs: number; serviceNs: number } | null;
  /** Closed loop: so many messages may be unacknowledged. */
  window: number | null;
  offered: number;
  /** Distinct messages that were delivered to whoever reads. */
  received: number;
  /** Delivered more than once, with a wrong checksum, after one with a higher number. */
  duplicated: number;
  corrupted: number;
  reordered: number;
  /** Of a protocol of acknowledgements: sent again, and recognised by the receiver as already delivered. */
  repeated: number;
  recognised: number;
  losses: LossReport[];
  notices: NoticeReport[];
  /** From the first message's sending to the last one's receiving; null where a side was not timed. */
  ticks: number | null;
}

/** What every finding says: of which mechanism, of what about it, and in a few words for the cell of a table. */
interface Stated {
  mechanism: string;
  subject: string;
  says: string;
}

/** What a test established beside figures. Per cell, one of each mechanism, `about`, subject, direction, size and dead side. */
export type Finding =
  /** Whether a waiter (`poll(2)`, `epoll`) learns of a message; `says`: `woken`, `never ready: poll answers at once`. */
  | ({ about: 'signalling'; works: boolean } & Stated)
  /** The largest message in bytes, null where the mechanism sets none; `says`: what limits it, and the errno beyond. */
  | ({ about: 'transfer limit'; bytes: number | null } & Stated)
  /** What an old reader makes of a message with one more field. */
  | ({ about: 'extensibility'; outcome: 'works' | 'refused' | 'silently wrong' } & Stated)
  /** What the kernel makes of a malformed request before the mechanism's own code sees it; `says`: the error and its words. */
  | ({ about: 'validation'; outcome: 'refused' | 'passed over' } & Stated)
  /** A 32-bit program against the 64-bit module. */
  | ({ about: 'portability'; outcome: 'works' | 'breaks' } & Stated)
  /** Whether a sending call, the subject (`nlmsg_unicast`; `write, O_NONBLOCK`), returns before or after the receiver has the message. */
  | ({ about: 'synchrony'; direction: 'u2k' | 'k2u'; returns: 'before' | 'after' } & Stated)
  /** A direction the mechanism is said not to have: the subject is the attempt, `says` what came of it, `holds` whether it is so. */
  | ({ about: 'not possible'; direction: CaseReport['direction']; holds: boolean } & Stated)
  /** What becomes of a message of `bytes`, by the call that is the subject: `taken`, or the name of the error. */
  | ({
      about: 'boundary';
      direction: CaseReport['direction'];
      size: 'empty' | 'largest' | 'one more';
      bytes: number;
      result: string;
    } & Stated)
  /** One side dies, or the module is asked to go while a reader waits in it: what the other side is told (`EPIPE`, `end of file`, `nothing`). */
  | ({
      about: 'death';
      direction: CaseReport['direction'];
      of: 'reader' | 'writer' | 'module';
      survivor: string;
    } & Stated)
  /** A lost message, by the way of sending that is the subject: the error that each side gets, `nothing` for none. */
  | ({ about: 'loss notice'; direction: CaseReport['direction']; sender: string; receiver: string } & Stated)
  /** Whether a reader that has lost messages, or read a table while it changed, ends with the true state. */
  | ({ about: 'recovery'; works: boolean } & Stated)
  /** What may be relied on, the subject (`k2u`, `u2k pipe`), and under which conditions; one line of the report each. */
  | ({
      about: 'guarantee';
      loses: 'never' | 'when full' | 'unless acknowledged';
      condition: string;
    } & Stated);

/** What the guest's clocks say at one moment. */
export interface ClockReading {
  /** The time stamp counter, decimal. */
  tsc: string;
  /** CLOCK_MONOTONIC, nanoseconds, decimal. */
  monotonicNs: string;
  clockSource: string | null;
}

/** A module the agent loads before a spec and unloads after it. */
export interface ModuleRequest {
  name: string;
  /** Path of the .ko in the guest. */
  path: string;
  /** As after `insmod NAME.ko`. */
  parameters: string;
}

export type GuestMessage =
  | { type: 'hello'; protocol: number; facts: GuestFacts }
  /** The guest can be frozen. */
  | { type: 'prepared' }
  /** The guest is a clone from now on: it says the nonce that it was given, and has randomness of its own. */
  | { type: 'resumed'; nonce: string }
  | { type: 'clock'; clock: ClockReading }
  /** The SSH server listens; `hostKey` is its public key, made in the guest, in OpenSSH's format. */
  | { type: 'ssh-ready'; hostKey: string }
  | { type: 'module'; name: string; state: 'loaded' | 'unloaded' }
  /** The kernel refused the module; `log` is what it printed meanwhile. */
  | { type: 'module-failed'; name: string; action: 'load' | 'unload'; error: ErrorData; log: string[] }
  | { type: 'test-start'; path: string[] }
  | {
      type: 'test';
      path: string[];
      outcome: TestOutcome;
      /** Wall time in the guest, milliseconds. */
      ms: number;
      reason?: string;
      error?: ErrorData;
    }
  | { type: 'case'; path: string[]; case: CaseReport }
  | { type: 'account'; path: string[]; account: AccountReport }
  | { type: 'finding'; path: string[]; finding: Finding }
  /** Lines of the kernel's log that the test has provoked: a warning among them is no defect. */
  | { type: 'provoked'; path: string[]; lines: string[] }
  | { type: 'output'; path: string[] | null; stream: 'stdout' | 'stderr'; text: string }
  /**
   * What the kernel printed from before the modules were loaded until they were gone, by its own log: on the way through
   * the console characters may be lost or come twice. Not told where it printed nothing.
   */
  | { type: 'kernel-log'; lines: string[] }
  | { type: 'spec-end'; tests: number }
  /** The agent itself failed at what it was asked: not a test's failure. */
  | { type: 'agent-error'; error: ErrorData };

export type HostMessage =
  /** Nothing more comes until the guest is a clone; answered by `prepared`. */
  | { type: 'prepare' }
  /**
   * To a clone of a frozen guest, which knows nothing of it until then; answered by `resumed` in guest/native. `nonce`:
   * 16 bytes, `entropy`: 64 bytes of the host's, lower-case hexadecimal. `realtimeNs`: what time it is, nanoseconds since 1970, decimal; null where the lens has a calendar of its own.
   */
  | { type: 'resume'; nonce: string; entropy: string; realtimeNs: string | null }
  | { type: 'read-clock' }
  /** Who may log in over SSH; answered by `ssh-ready`. */
  | { type: 'start-ssh'; authorizedKey: string }
  /**
   * Takes the files of the parcel and runs one spec file of them; `messages` overrides the number of kept samples of
   * every case, `unit` is what a tick of this machine counts, null where it counts nothing.
   */
  | {
      type: 'run-spec';
      spec: string;
      modules: ModuleRequest[];
      messages: number | null;
      unit: TickUnit | null;
      /** Where on the disk the parcel begins, bytes. */
      parcelAt: number;
      /** Full names of tests, as node:test matches them: their suites' titles and their own, with spaces between. */
      tests: { only: string | null; except: string[] };
    };

/**
 * What a spec needs reaches the guest on a disk, as a parcel: a length of four bytes, little-endian, and so many bytes of
 * JSON, a list of `ParcelFile`; then the files' bytes, one after the other. A clone remembers what its template has read
 * of the disk, so each has a place of its own: the first bytes are the kernel's, which looks for partitions while it
 * boots.
 */
export interface ParcelFile {
  /** Where it is put in the guest. */
  path: string;
  bytes: number;
}

export const parcelOffsets = { rehearsal: 1024 * 1024, spec: 16 * 1024 * 1024 } as const;

/** The disk's size as the guest sees it, whatever is on it: a clone finds another parcel on the disk of its template. */
export const parcelCapacity = 1024 * 1024 * 1024;

/** The serial number by which the guest finds the disk. */
export const parcelSerial = 'parcel';
