// Ctrl-C and its kin: the first asks everything to stop in order, the second kills at once.
import { constants } from 'node:os';
import { killAllQemu } from '../vm/qemu-process.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** No person presses twice so fast, milliseconds. */
export const echoMs = 250;

/** Aborts on the first signal; its name is the reason. Call once, in the process that a person started. */
export const signalWatch = (): AbortSignal => {
  const controller = new AbortController();
  let first = 0;
  for (const name of signals)
    process.on(name, () => {
      // npm passes a terminal's signal on, so that one Ctrl-C arrives twice.
      if (controller.signal.aborted && performance.now() - first < echoMs) return;
      if (controller.signal.aborted) {
        killAllQemu();
        process.exit(signalStatus(name));
      }
      process.stderr.write(`ringcross: ${name}: stopping; once more to kill at once\n`);
      first = performance.now();
      controller.abort(name);
    });
  return controller.signal;
};

/** A shell's status for a process that a signal ended: 128 + its number. */
export const signalStatus = (name: string): number =>
  128 + (constants.signals[name as keyof typeof constants.signals] ?? 0);
