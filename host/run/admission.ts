// Guests start only while the host has memory for them: one that swaps or is killed says nothing about a kernel.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfInterrupted } from '../../vm/interrupted.ts';

const mib = 1024 * 1024;

/** Of what is free at the start, so much is left to everything else. */
const share = 0.9;

/** MemAvailable of /proc/meminfo in bytes (proc_meminfo(5)): what can be had without swapping. Pure. */
export const availableBytes = (meminfo: string): number =>
  Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;

/** A container may have less than its host. */
const readAvailable = async (): Promise<number> =>
  Math.min(availableBytes(await readFile('/proc/meminfo', 'utf8')), process.availableMemory());

/** Guests at once where nobody says: one for each CPU, as far as memory goes, and at least one. Pure. */
export const jobsFor = (cpus: number, available: number, memoryMiB: number): number =>
  Math.max(1, Math.min(cpus, Math.floor((available * share) / (memoryMiB * mib))));

export const defaultJobs = async (cpus: number, memoryMiB: number): Promise<number> =>
  jobsFor(cpus, await readAvailable(), memoryMiB);

export interface Admission {
  /** Waits until a guest of this size may start; disposing of the result gives its memory back. Errors: INTERRUPTED. */
  admit(memoryMiB: number): Promise<Disposable>;
}

/**
 * Counts each guest with all of its memory, though it may not touch it, against what was free at the start and against
 * what is free now, which other programs may have taken. The first guest always starts: where even one is too many, its
 * end says so better than waiting for ever.
 */
export const openAdmission = async (
  signal: AbortSignal | undefined,
  onWait: (text: string) => void,
  available: () => Promise<number> = readAvailable,
): Promise<Admission> => {
  const budget = (await available()) * share;
  let taken = 0;
  let isTold = false;
  const fits = async (bytes: number): Promise<boolean> =>
    taken === 0 || (taken + bytes <= budget && bytes <= (await available()));
  // One after the other: two that look at the same moment would both take the last of it.
  let turn: Promise<unknown> = Promise.resolve();
  const admitNext = async (bytes: number): Promise<Disposable> => {
    while (!(await fits(bytes))) {
      throwIfInterrupted(signal);
      if (!isTold) onWait(`waiting for ${Math.round(bytes / mib)} MiB of memory before another guest starts`);
      isTold = true;
      await delay(pollMs);
    }
    isTold = false;
    taken += bytes;
    return {
      [Symbol.dispose]: () => {
        taken -= bytes;
      },
    };
  };
  return {
    admit: (memoryMiB) => {
      const admitted = turn.then(() => admitNext(memoryMiB * mib));
      turn = admitted.catch(() => {});
      return admitted;
    },
  };
};

const pollMs = 100;
