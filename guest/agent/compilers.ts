// Which of V8's compilers work when. Under emulation code that runs once costs its translation, and a compiler is much code.
import { setFlagsFromString } from 'node:v8';

/**
 * The two quick compilers cost more than they save, and what was compiled before a guest was frozen must still be there in
 * its clones. Set here and not when node starts: V8 takes only code that was compiled under its own flags, so node's own
 * modules would be parsed instead of found compiled.
 */
for (const flag of ['--no-maglev', '--no-sparkplug', '--no-flush-bytecode']) setFlagsFromString(flag);

/** A function of node's that happens to become hot on the way to the first result would be a third of that way. */
export const optimizeNothing = (): void => setFlagsFromString('--no-opt');

/** From now on what is hot is worth it. */
export const optimize = (): void => setFlagsFromString('--opt');
