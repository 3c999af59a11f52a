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

/**
 * Resolves in the first half of a second of CLOCK_REALTIME. Near its end the sums of which the kernel makes a time pass a
 * second, and it carries that in a loop (timespec64_add_ns): whoever reads a clock then executes a little more.
 */
export const untilFirstHalfOfSecond = (): Promise<void> =>
  until('the first half of a second', () => Date.now() % 1000 < 500);

/**
 * Resolves when a thread of this process is blocked in `call` on the file `fd`; without one on anything, for `poll`,
 * whose first argument is no file. See proc_pid_syscall(5).
 */
export const untilBlocked = (call: SyscallName, fd?: number): Promise<void> =>
  until(`a thread blocked in ${call} of ${fd ?? 'anything'}`, () =>
    readdirSync('/proc/self/task').some((thread) =>
      isBlocked(`/proc/self/task/${thread}`, syscallNumbers[call], fd),
    ),
  );

/**
 * Whether the task of a folder of /proc is blocked in the call `number` on its file `fd`, or on any. The line of one that is has the
 * number and six arguments, then stack and instruction pointers; else it is "running".
 */
export const isBlocked = (task: string, number: number, fd?: number): boolean => {
  let line: string;
  try {
    line = readFileSync(`${task}/syscall`, 'latin1');
  } catch {
    // It ended meanwhile.
    return false;
  }
  const [call, first] = line.split(' ');
  return Number(call) === number && (fd === undefined || Number(first) === fd);
};
