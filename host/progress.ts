// What a person sees while they wait, on standard error: a live line on a terminal, plain lines elsewhere.
import ora, { type Ora } from 'ora';
import type { KernelProgress } from './kernel/index.ts';

export interface Progress extends Disposable {
  /** Replaces the live line; elsewhere nothing. For what changes many times a second. */
  update(text: string): void;
  /** A line that stays. */
  line(text: string): void;
}

export const openProgress = (): Progress => {
  if (!process.stderr.isTTY)
    return {
      update: () => {},
      line: (text) => void process.stderr.write(`${text}\n`),
      [Symbol.dispose]: () => {},
    };
  // discardStdin would put the terminal into raw mode, and Ctrl-C would no longer be a signal.
  const spinner: Ora = ora({ stream: process.stderr, discardStdin: false }).start();
  return {
    update: (text) => {
      spinner.text = text;
    },
    line: (text) => {
      spinner.clear();
      process.stderr.write(`${text}\n`);
      spinner.render();
    },
    [Symbol.dispose]: () => void spinner.stop(),
  };
};

/** Turns a kernel build's progress into lines: each stage once, and a plain log learns of every tenth of the way. */
export const kernelReporter = (name: string, progress: Progress): ((step: KernelProgress) => void) => {
  let stage = '';
  let tenth = 0;
  return (step) => {
    if (step.stage !== stage) {
      stage = step.stage;
      progress.line(`kernel ${name}: ${step.stage} ${step.detail}`.trimEnd());
    }
    const percent = step.fraction === null ? '' : ` ${Math.floor(step.fraction * 100)} %`;
    progress.update(`kernel ${name}: ${step.stage}${percent} ${seconds(step.elapsedMs)} ${step.detail}`);
    const reached = Math.floor((step.fraction ?? 0) * 10);
    if (process.stderr.isTTY || step.stage !== 'compile' || reached <= tenth) return;
    tenth = reached;
    progress.line(`kernel ${name}: ${reached * 10} % after ${seconds(step.elapsedMs)}, at ${step.detail}`);
  };
};

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
