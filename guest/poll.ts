// poll(2) of one file, in words.
import { outcome, syscall, syscallAsync } from './syscall.ts';

/** From include/uapi/asm-generic/poll.h, in the order that results are given. */
const events = { in: 1, pri: 2, out: 4, err: 8, hup: 16, nval: 32 } as const;

export type PollEvent = keyof typeof events;

/** What is ready now, of what was asked for; `err`, `hup` and `nval` come unasked. */
export const poll = (fd: number, asked: readonly PollEvent[] = ['in', 'out']): PollEvent[] => {
  const entry = pollfd(fd, asked);
  return answer(entry, syscall('poll', entry, 1, 0));
};

/**
 * As `poll`, but waits on a thread of its own until it is woken because something is ready, or `ms` have passed: then
 * nothing is. A negative number is no limit.
 */
export const pollAsync = async (
  fd: number,
  asked: readonly PollEvent[],
  ms: number,
): Promise<PollEvent[]> => {
  const entry = pollfd(fd, asked);
  const start = performance.now();
  const result = await syscallAsync('poll', entry, 1, ms);
  // When the time is up the kernel looks once more, and may find what it was not woken for.
  if (ms >= 0 && performance.now() - start >= ms) return [];
  return answer(entry, result);
};

/** struct pollfd: int fd, short events, short revents. The same to a 32-bit program. */
export const pollfd = (fd: number, asked: readonly PollEvent[]): Buffer => {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(
    asked.reduce((bits, event) => bits | events[event], 0),
    4,
  );
  return entry;
};

const answer = (entry: Buffer, result: bigint): PollEvent[] => {
  if (result < 0n) throw new Error(`poll failed: ${outcome(result)}`);
  const bits = entry.readInt16LE(6);
  return (Object.keys(events) as PollEvent[]).filter((event) => bits & events[event]);
};
