// Waiting for a condition, with a deadline: never for a fixed time.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type SyscallName, syscallNumbers } from './syscall-numbers.ts';

const defaultDeadlineMs = 10_000;
const intervalMs = 2;

/**
 * Resolves when `condition` holds.
 * @throws {Error} that names `what` after `deadlineMs`.
 */
export const until = async (
  what: string,
  condition: () => boolean,
  deadlineMs = defaultDeadlineMs,
): Promise<void> => {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what}: not so within ${deadlineMs} ms`);
    await delay(intervalMs);
  }
};

/** Resolves when a thread of this process is blocked in `call` on the file `fd`. See proc_pid_syscall(5). */
export const untilBlocked = (call: SyscallName, fd: number): Promise<void> =>
  until(`a thread blocked in ${call} of ${fd}`, () =>
    readdirSync('/proc/self/task').some((thread) => isBlocked(thread, syscallNumbers[call], fd)),
  );

// A line of a blocked thread: number and six arguments, then stack and instruction pointers. Else "running".
const isBlocked = (thread: string, number: number, fd: number): boolean => {
  let line: string;
  try {
    line = readFileSync(`/proc/self/task/${thread}/syscall`, 'latin1');
  } catch {
    // The thread ended meanwhile.
    return false;
  }
  const [call, first] = line.split(' ');
  return Number(call) === number && Number(first) === fd;
};
