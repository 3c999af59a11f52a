// What a person sees while they wait, on standard error: a live line for each thing under way on a terminal, plain lines
// elsewhere.
import ora, { type Ora } from 'ora';
import type { KernelProgress } from './kernel/index.ts';

export interface Progress extends Disposable {
  /** Replaces the live line of a task, null removes it; elsewhere nothing. For what changes many times a second. */
  update(task: string, text: string | null): void;
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
  const tasks = new Map<string, string>();
  return {
    update: (task, text) => {
      if (text === null) tasks.delete(task);
      else tasks.set(task, text);
      spinner.text = liveLines(tasks, process.stderr.columns);
    },
    line: (text) => {
      spinner.clear();
      process.stderr.write(`${text}\n`);
      spinner.render();
    },
    [Symbol.dispose]: () => void spinner.stop(),
  };
};

/** One line a task, in the order in which they began; cut to the terminal's width, of which two columns are the spinner's. */
export const liveLines = (tasks: ReadonlyMap<string, string>, columns: number): string =>
  [...tasks].map(([task, text]) => `${task}: ${text}`.slice(0, Math.max(10, columns - 3))).join('\n  ');

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
    progress.update(
      `kernel ${name}`,
      `${step.stage}${percent} ${seconds(step.elapsedMs)} ${step.detail}`.trimEnd(),
    );
    const reached = Math.floor((step.fraction ?? 0) * 10);
    if (process.stderr.isTTY || step.stage !== 'compile' || reached <= tenth) return;
    tenth = reached;
    progress.line(`kernel ${name}: ${reached * 10} % after ${seconds(step.elapsedMs)}, at ${step.detail}`);
  };
};

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
