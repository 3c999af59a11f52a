// Every message between host and guest, one union per direction. They travel as NDJSON over the virtio-serial port
// named `ringcross`. Shared by both sides; holds types and constants only.

/** Changes with any incompatible change below. The host refuses a guest that says another. */
export const protocolVersion = 1;

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

export type TestOutcome = 'passed' | 'failed' | 'skipped';

/** Raw samples of one column: unsigned 64-bit little-endian ticks, raw DEFLATE, base64. */
export type EncodedSamples = string;

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
  | { type: 'output'; path: string[] | null; stream: 'stdout' | 'stderr'; text: string }
  | { type: 'spec-end'; tests: number }
  /** The agent itself failed at what it was asked: not a test's failure. */
  | { type: 'agent-error'; error: ErrorData };

export type HostMessage =
  /** Answers hello: who may log in over SSH. */
  | { type: 'welcome'; authorizedKey: string }
  /** Runs one spec file; `messages` overrides the number of kept samples of every case. */
  | { type: 'run-spec'; spec: string; modules: ModuleRequest[]; messages: number | null };
