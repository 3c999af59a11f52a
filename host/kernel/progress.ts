// How a build tells where it is.

/** The stages of a build, in their order. A kernel that is in the cache has none. */
export type KernelStage = 'wait' | 'fetch' | 'unpack' | 'configure' | 'compile' | 'keep';

export interface KernelProgress {
  stage: KernelStage;
  /** What is being done: `CC fs/pipe.o` while compiling. */
  detail: string;
  /** How far the stage is, 0 to 1; null when that cannot be told. */
  fraction: number | null;
  /** Since ensureKernel was called. */
  elapsedMs: number;
}

export type ReportProgress = (stage: KernelStage, detail: string, fraction: number | null) => void;

/** Adds the time to reports and hands them to the caller. */
export function progressReporter(
  onProgress: ((progress: KernelProgress) => void) | undefined,
): ReportProgress {
  const started = performance.now();
  return (stage, detail, fraction) =>
    onProgress?.({ stage, detail, fraction, elapsedMs: Math.round(performance.now() - started) });
}
