// What did not pass in a cell, one problem for each thing that somebody has to look at. Pure.
import type { CellResult, TestResult } from '../run/results.ts';
import { isGood } from './outcomes.ts';
import { type SourcePosition, sourcePosition } from './source-position.ts';

export interface Problem {
  /** The test's title; null where it is the cell as a whole. */
  test: string | null;
  outcome: CellResult['outcome'] | TestResult['outcome'];
  /** The error's name, else the outcome. */
  type: string;
  message: string;
  /** All that explains it: stacks with their causes, or the lines of the log. */
  text: string;
  position: SourcePosition | null;
}

/** Its tests that did not pass; the cell itself where none of them tells it. Empty where it passed or was skipped. */
export const problemsOf = (cell: CellResult): Problem[] => {
  const { outcome, reason = '', log = [], tests } = cell;
  if (isGood(outcome)) return [];
  const told = tests.flatMap((test) => testProblem(test, cell) ?? []);
  if (told.length > 0) return told;
  return [
    {
      test: null,
      outcome,
      type: outcome,
      message: reason,
      text: [reason, ...log].join('\n'),
      position: null,
    },
  ];
};

/** Null where it passed or was skipped. */
export const testProblem = (
  { title, outcome, reason = '', error }: TestResult,
  { log = [] }: CellResult,
): Problem | null => {
  if (isGood(outcome)) return null;
  const common = { test: title, outcome, position: sourcePosition(error) };
  if (outcome !== 'failed')
    return { ...common, type: outcome, message: reason, text: [reason, ...log].join('\n') };
  const message = error?.message ?? reason;
  return { ...common, type: error?.name ?? outcome, message, text: errorText(error) || message };
};

/** The stack, and below it that of each cause. */
export const errorText = (error: TestResult['error']): string =>
  error
    ? [error.stack ?? error.message, ...(error.cause ? [`cause: ${errorText(error.cause)}`] : [])].join('\n')
    : '';
