// One way to run a program of the build: it never outlives us, and its end is told in one shape.

import { execa } from 'execa';
import { diskFullError, tellsDiskFull } from '../../vm/disk-space.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';

export interface ToolOptions {
  /** The whole environment; nothing is added from ours. */
  env: NodeJS.ProcessEnv;
  cwd?: string | undefined;
  /** What the program reads from its standard input; nothing by default. */
  input?: string | undefined;
  /** Raised: the program and its children get SIGTERM, five seconds later SIGKILL, and `INTERRUPTED` is thrown. */
  signal?: AbortSignal | undefined;
  /** Every line of standard output and standard error, as it comes. */
  onLine?: ((line: string) => void) | undefined;
  /** Every line that the program writes to its file descriptor 3. */
  onStatusLine?: ((line: string) => void) | undefined;
}

export interface ToolResult {
  /** The program could not be started, was killed or ended with another status than 0. */
  failed: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end. A failure is a result, for the caller to explain, with two exceptions:
 * @throws RingcrossError `INTERRUPTED`, and `DISK_FULL` when the program failed for want of space.
 */
export async function runTool(
  command: readonly [string, ...string[]],
  options: ToolOptions,
): Promise<ToolResult> {
  throwIfInterrupted(options.signal);
  const output = lineTap(options.onLine);
  const status = options.onStatusLine === undefined ? [] : [lineTap(options.onStatusLine)];
  const result = await execa('setpriv', [...endWithUs, ...command], {
    env: options.env,
    extendEnv: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? {} : { input: options.input }),
    stdio: [options.input === undefined ? 'ignore' : 'pipe', output, output, ...status],
    killDescendants: true,
    forceKillAfterDelay: 5000,
    reject: false,
  });
  throwIfInterrupted(options.signal);
  const { failed, stdout } = result;
  const stderr = result.stderr || (failed ? (result.shortMessage ?? '') : '');
  if (failed && tellsDiskFull(stderr)) throw diskFullError(options.cwd, { detail: firstLine(stderr) });
  return { failed, stdout, stderr };
}

// A tar on a full disk complains of every file.
function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}

// execa ends its children when we exit; when we are killed outright, the kernel does it.
const endWithUs = ['--pdeathsig', 'TERM', '--'];

// execa hands a transform its text line by line.
function lineTap(onLine: ((line: string) => void) | undefined) {
  return function* (line: unknown) {
    onLine?.(String(line));
    yield line;
  };
}
