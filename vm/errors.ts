// Every error that ringcross raises on purpose, by a code that never changes its meaning.
// A retired code stays in the table, marked so. `docs/errors.md` is checked against it.

/** What the process exits with: 1 a test failed, 2 wrong usage, 3 the machinery broke. */
type ExitStatus = 1 | 2 | 3;

interface ErrorRecord {
  readonly exit: ExitStatus;
  readonly meaning: string;
}

export const errorTable = {
  USAGE: { exit: 2, meaning: 'The command line, the config or a spec name cannot be understood.' },
  INSTALLATION: { exit: 3, meaning: 'A package that ringcross depends on is not installed.' },
  PACKAGES_MISSING: { exit: 3, meaning: 'The host lacks system packages, and they cannot be installed.' },
  INIT_EXISTS: { exit: 2, meaning: 'A file that `init` would write is there already.' },
  HOST_CALL: { exit: 3, meaning: 'The host refused a system call: a full disk, a missing permission.' },
  INTERRUPTED: { exit: 3, meaning: 'A signal or the caller stopped the work.' },
  QEMU_MISSING: { exit: 3, meaning: 'The QEMU program cannot be started.' },
  QEMU_EXITED: { exit: 3, meaning: 'QEMU ended while it was still needed.' },
  QMP_ERROR: { exit: 3, meaning: 'QEMU refused a command of its machine protocol.' },
  BOOT_TIMEOUT: { exit: 3, meaning: 'The agent did not say hello before the deadline of the lens.' },
  BOOT_FAILED: { exit: 3, meaning: 'The guest ended before the agent said hello.' },
  GUEST_PROTOCOL: { exit: 3, meaning: 'The agent speaks another version of the protocol than the host.' },
  GUEST_KERNEL: { exit: 3, meaning: 'The guest runs another kernel than the one asked for.' },
  GUEST_AGENT: { exit: 3, meaning: 'The agent failed at what it was asked to do beside running a spec.' },
  GUEST_ENDED: { exit: 3, meaning: 'The guest ended while a command or a transfer was under way.' },
  TEMPLATE_FREEZE: { exit: 3, meaning: 'A guest cannot be frozen as a template on this host.' },
  TEMPLATE_RESTORE: { exit: 3, meaning: 'A clone of a template does not come up.' },
  SSH_FAILED: { exit: 3, meaning: 'No SSH session with the guest, or a transfer over it failed.' },
  ROOT_IMAGE: { exit: 3, meaning: 'The root image, the agent image or a first root cannot be made.' },
  BASELINE: { exit: 2, meaning: 'The baseline cannot be read, or lacks what it is to be compared with.' },
  AGENT_BUILD: { exit: 3, meaning: 'The agent’s code cannot be compiled for the node of guests.' },
  ADDON_BUILD: { exit: 3, meaning: 'The native addon or a program of guest/programs does not compile.' },
  MODULE_BUILD: { exit: 1, meaning: 'A kernel module does not build for a kernel.' },
  SPEC_LOAD: {
    exit: 1,
    meaning: 'A spec throws while it loads, does not end loading, or declares needs that are none.',
  },
  RUN_FOLDER: {
    exit: 2,
    meaning: 'A folder that is to be merged or gone on with holds no run, or one that does not say its plan.',
  },
  RUN_SCHEMA: { exit: 2, meaning: 'A run was recorded in another schema than this ringcross reads.' },
  RUN_DAMAGED: { exit: 3, meaning: 'Manifest, journal or results of a run are not as a run leaves them.' },
  RUN_SAMPLES: { exit: 3, meaning: 'Samples of a run are missing, or are not those of its journal.' },
  RUN_PLAN_CHANGED: {
    exit: 2,
    meaning: 'A run cannot go on: a kernel, a spec, a lens or ringcross itself has changed since.',
  },
  SHARD_MISSING: { exit: 2, meaning: 'A shard of the plan is not among those that are to be merged.' },
  SHARD_DUPLICATE: { exit: 2, meaning: 'One shard is there twice among those that are to be merged.' },
  SHARD_OVERLAP: { exit: 2, meaning: 'Two shards that are to be merged have a cell in common.' },
  SHARD_COUNT: { exit: 2, meaning: 'Shards that are to be merged are parts of different numbers of shards.' },
  SHARD_PLAN: { exit: 2, meaning: 'Shards that are to be merged are parts of different plans.' },
  SHARD_COMMIT: {
    exit: 2,
    meaning: 'Shards that are to be merged were run by different commits of ringcross.',
  },
  SHARD_KERNEL: { exit: 2, meaning: 'Shards that are to be merged ran different images of one kernel.' },
  SHARD_UNFINISHED: { exit: 2, meaning: 'A shard that is to be merged has cells without an outcome.' },
  LENS_REFUSED: { exit: 3, meaning: 'The lens asked for does not work on this host.' },
  REPORT_WRITE: { exit: 3, meaning: 'A reporter could not write what it was asked for.' },
  FILE_LOCK: { exit: 3, meaning: 'A lock file cannot be made or locked.' },
  DISK_FULL: { exit: 3, meaning: 'The disk of the cache is full, or too small for the work ahead.' },
  KERNEL_UNKNOWN: { exit: 2, meaning: 'kernels.json has no kernel of that name.' },
  KERNEL_CONFIG: { exit: 2, meaning: 'kernels.json, its lock or a fragment cannot be read or understood.' },
  KERNEL_CONTRADICTION: { exit: 2, meaning: 'Two fragment lines ask for different values of one option.' },
  KERNEL_OPTION_LOST: { exit: 2, meaning: 'A requested option did not come out in the final config.' },
  KERNEL_CACHE_PATH: { exit: 2, meaning: 'The kernel build system cannot work below the path of the cache.' },
  KERNEL_TOOLS: { exit: 3, meaning: 'The host lacks programs or headers that a kernel build needs.' },
  KERNEL_SOURCE_FETCH: {
    exit: 3,
    meaning: 'A kernel’s source cannot be downloaded or its archive not be trusted.',
  },
  KERNEL_SOURCE_GONE: {
    exit: 3,
    meaning:
      'Where a kernel’s source comes from, the version asked for or pinned is not or no longer to be had.',
  },
  KERNEL_SOURCE_SIGNATURE: {
    exit: 3,
    meaning:
      'A list of kernel releases is not signed by the key that it should be signed by, or the key is missing.',
  },
  KERNEL_SOURCE_DIGEST: { exit: 3, meaning: 'A kernel’s source is not the one that the lock file pins.' },
  KERNEL_SOURCE_UNPACK: { exit: 3, meaning: 'A kernel’s source cannot be unpacked or copied.' },
  KERNEL_SOURCE_TREE: {
    exit: 2,
    meaning: 'What is named as a kernel’s source is no kernel’s tree, or changes while it is copied.',
  },
  KERNEL_IMAGE: {
    exit: 3,
    meaning: 'A kernel as shipped is not laid out as expected, or lacks what every guest needs.',
  },
  KERNEL_CONFIGURE: { exit: 3, meaning: 'The configuration tools of the kernel failed.' },
  KERNEL_COMPILE: { exit: 3, meaning: 'The kernel did not compile.' },
} as const satisfies Record<string, ErrorRecord>;

export type ErrorCode = keyof typeof errorTable;

interface ErrorDetails {
  cause?: unknown;
  /** What a reader needs beside the message: the tail of a log, a compiler's error. */
  log?: string;
  /** The one command to type next. */
  next?: string;
}

/** The one error class: `code` is stable, the message says what was expected and what came. */
export class RingcrossError extends Error {
  override readonly name = 'RingcrossError';
  readonly code: ErrorCode;
  readonly log: string | undefined;
  readonly next: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.log = details.log;
    this.next = details.next;
  }

  get exit(): ExitStatus {
    return errorTable[this.code].exit;
  }
}

/** What happened, and the first line of what explains it. */
export const withReason = (error: Error): string => {
  const because = error instanceof RingcrossError ? error.log?.split('\n').find(Boolean) : undefined;
  return because ? `${error.message} (${because})` : error.message;
};
