// Errors of system calls, told from our own.

/** Whether an error is one of a call that the host refused, or has such a one as its cause. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && (('syscall' in error && 'errno' in error) || isSystemError(error.cause));
