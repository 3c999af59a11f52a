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
