// Runs the kernel's make on a configured tree.

import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { RingcrossError } from '../../vm/errors.ts';
import { buildEnvironment, makeArguments } from './environment.ts';
import { firstErrors, parseStep } from './make-output.ts';
import { runTool } from './run-tool.ts';

export interface CompileContext {
  /** Everything that make prints goes here. */
  logFile: string;
  signal: AbortSignal | undefined;
  /** Called as each step begins, with the number of steps begun so far. */
  onStep(step: string, count: number): void;
}

/**
 * Builds `vmlinux`, and `Module.symvers` with what else modules need, in the configured `tree`.
 * @returns The number of steps that make printed.
 * @throws RingcrossError `KERNEL_COMPILE` with the compiler's first error; its `log` is that error, the message
 * names the log file.
 */
export async function compileKernel(tree: string, context: CompileContext): Promise<number> {
  const log = createWriteStream(context.logFile);
  let steps = 0;
  try {
    const result = await runTool(['make', ...makeArguments(), 'vmlinux', 'modules'], {
      cwd: tree,
      env: buildEnvironment(),
      signal: context.signal,
      onLine: (line) => {
        log.write(`${line}\n`);
        const step = parseStep(line);
        if (step !== undefined) context.onStep(step, ++steps);
      },
    });
    if (!result.failed) return steps;
    const errors = firstErrors(result.stderr);
    throw new RingcrossError(
      'KERNEL_COMPILE',
      `make vmlinux modules failed:\n${errors}\nThe whole log: ${context.logFile}`,
      { log: errors },
    );
  } finally {
    log.end();
    await finished(log);
  }
}
