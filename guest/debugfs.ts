// The modules' files in debugfs: stamps of the kernel's side, and triggers. kmod/include/ringcross.h is their source.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Side, Stamps } from './stamps.ts';

/** Path of a module's file, such as `debugfs('chardev', 'produce')`. */
export const debugfs = (module: string, file: string): string =>
  `/sys/kernel/debug/ringcross-${module}/${file}`;

/**
 * One side's stamps as the module took them, warm-up included, with the kernel's own empty window. `refused` has an errno
 * in the place of each end.
 */
export const kernelSide = (module: string, side: 'sent' | 'received' | 'refused'): Side => ({
  stamps: readStamps(debugfs(module, side)),
  overhead: BigInt(readFileSync(debugfs(module, 'overhead'), 'latin1').trim()),
});

/** From now on the module checks the checksums of received messages with a number below `below`; sample() does it for warm-ups. */
export const verifyBelow = (module: string, below: number): void => {
  writeFileSync(debugfs(module, 'verify'), `${below}`);
};

/** What came of those checks since the log `received` was emptied. */
export const verified = (module: string): { intact: number; corrupt: number } => ({
  intact: Number(readFileSync(debugfs(module, 'intact'), 'latin1')),
  corrupt: Number(readFileSync(debugfs(module, 'corrupt'), 'latin1')),
});

/** Empties one log of the module; with `sent`, `refused` too. */
export const resetStamps = (module: string, side: 'sent' | 'received'): void => {
  writeFileSync(debugfs(module, side), 'reset');
};

const readStamps = (path: string): Stamps => {
  const bytes = readFileSync(path);
  // A Buffer may start at any address; the copy is aligned.
  return new BigUint64Array(new Uint8Array(bytes).buffer);
};
