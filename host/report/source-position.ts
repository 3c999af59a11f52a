// Where in a project's TypeScript an error was thrown, from the stack that its guest told.
import { posix } from 'node:path';
import type { TestResult } from '../run/results.ts';

export interface SourcePosition {
  /** Relative to the project's root. */
  file: string;
  line: number;
  column: number;
}

type TestError = NonNullable<TestResult['error']>;

const frame = /^\s+at (?:.*\()?([^\s():]+\.ts):(\d+):(\d+)\)?$/gm;

/**
 * The innermost position in a spec, where an assertion of a helper is at home too; else the innermost in another file of the
 * project. Where the error has none its cause is asked. Null where no stack passes through the project.
 */
export const sourcePosition = (error: TestError | undefined): SourcePosition | null => {
  if (!error) return null;
  const positions = framesOf(error.stack ?? '').filter(({ file }) => isOfProject(file));
  return (
    positions.find(({ file }) => file.endsWith('.spec.ts')) ?? positions[0] ?? sourcePosition(error.cause)
  );
};

const framesOf = (stack: string): SourcePosition[] =>
  [...stack.matchAll(frame)].map(([, file = '', line, column]) => ({
    file,
    line: Number(line),
    column: Number(column),
  }));

// What a guest has of the project is named from its root; the agent and node name themselves by absolute paths.
const isOfProject = (file: string): boolean =>
  !posix.isAbsolute(file) && !posix.normalize(file).startsWith('../');
