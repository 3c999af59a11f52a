// The file `hold` of a module, kmod/include/ringcross-hold.h: while it is open, the kernel's receiver takes no message.
import { closeSync, openSync } from 'node:fs';
import { debugfs } from './debugfs.ts';

/** Makes the receiver wait until what this returns is called, once or more often: at the latest when the test ends. */
export const holdReceiver = (module: string): (() => void) => {
  let held: number | null = openSync(debugfs(module, 'hold'), 'r');
  return () => {
    if (held !== null) closeSync(held);
    held = null;
  };
};
