// What makes a guest ready to be frozen, and a clone of it a guest of its own.
import { randomFillSync } from 'node:crypto';
import { openSync } from 'node:fs';
import { native } from '../native.ts';
import type { HostMessage } from '../protocol/messages.ts';
import { attempt } from '../syscall.ts';
import { openParcel } from './parcel.ts';

/** Loads what every spec uses. What a clone finds in memory it need not read, compile and start under emulation. */
export const prepare = async (): Promise<void> => {
  native();
  openParcel();
  await import('./run-spec.ts');
  openRandom();
};

/** ioctl numbers of include/uapi/linux/random.h: `_IOW('R', 0x03, int[2])` and `_IO('R', 0x07)`. */
const addEntropy = 0x4008_5203;
const reseedNow = 0x5207;

let random: number | undefined;

const openRandom = (): number => {
  random ??= openSync('/dev/urandom', 'r');
  return random;
};

/**
 * All clones of a template hold the same state of every generator of random numbers. The host's entropy goes into the
 * kernel's, from that OpenSSL's are seeded anew, and from those Math.random, whose own state cannot be reached.
 * Then the clock is set. Throws where one of them is refused: such a clone must not be used.
 */
export const becomeClone = ({ entropy, realtimeNs }: HostMessage & { type: 'resume' }): void => {
  const bytes = Buffer.from(entropy, 'base64');
  // struct rand_pool_info: bits of entropy, bytes that follow, the bytes.
  const pool = Buffer.alloc(8 + bytes.length);
  pool.writeInt32LE(bytes.length * 8, 0);
  pool.writeInt32LE(bytes.length, 4);
  bytes.copy(pool, 8);
  const fd = openRandom();
  must('RNDADDENTROPY', attempt('ioctl', fd, addEntropy, pool));
  must('RNDRESEEDCRNG', attempt('ioctl', fd, reseedNow, 0));
  native().reseed();
  Math.random = freshRandom();
  if (realtimeNs !== null) must('clock_settime', attempt('clock_settime', 0, timespec(BigInt(realtimeNs))));
};

const must = (call: string, result: number | string): void => {
  if (result !== 0) throw new Error(`expected ${call} to make this clone its own, but it says ${result}`);
};

const timespec = (ns: bigint): BigInt64Array => BigInt64Array.of(ns / 1_000_000_000n, ns % 1_000_000_000n);

/** Numbers of 53 random bits in [0, 1), as V8's are; drawn in blocks, so that few calls reach OpenSSL. */
const freshRandom = (): (() => number) => {
  const words = new Uint32Array(256);
  let next = words.length;
  return () => {
    if (next === words.length) {
      randomFillSync(words);
      next = 0;
    }
    const high = (words[next++] ?? 0) >>> 5;
    const low = (words[next++] ?? 0) >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
};
