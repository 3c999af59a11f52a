// What makes a guest ready to be frozen, and what of a clone's is still its template's when it wakes up.
import { native } from '../native.ts';

/** The last that a guest does before it is frozen. */
export const prepare = (): void => {
  // Compiled here: a clone does it first of all.
  for (let time = 0; time < 3; time++) freshen();
  collectGarbage();
};

/** A clone begins with an empty nursery: else it would collect its template's garbage in the middle of a spec. */
const collectGarbage = (): void => {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  const { runInNewContext } = process.getBuiltinModule('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
};

/**
 * All clones of a template hold the same state of every generator of random numbers. When the kernel has been given
 * entropy of its own, this process draws from it anew: OpenSSL's generators, and Math.random, whose state of V8's cannot
 * be reached.
 */
export const freshen = (): void => {
  native().reseed();
  Math.random = freshRandom();
};

/** Numbers of 53 random bits in [0, 1), as V8's are; drawn in blocks, so that few calls reach OpenSSL. */
const freshRandom = (): (() => number) => {
  const { randomFillSync } = process.getBuiltinModule('node:crypto');
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
