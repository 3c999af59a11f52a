// What did not pass, with the log that explains it and the command that repeats it.
import type { CellResult, Results } from '../run/results.ts';
import { fenced } from './markdown-text.ts';
import { isGood } from './outcomes.ts';

/** Empty where every cell passed or was skipped. */
export const failuresSection = ({ cells }: Results): string[] => {
  const bad = cells.filter(({ outcome }) => !isGood(outcome));
  return bad.length === 0 ? [] : ['## What did not pass', ...bad.map(failure)];
};

const failure = (cell: CellResult): string => {
  const tests = cell.tests
    .filter(({ outcome }) => !isGood(outcome))
    .map(({ title, outcome, error, output }) =>
      [`- **${title}**: ${outcome}`, ...fenced(error?.stack ?? error?.message), ...fenced(output)].join('\n'),
    );
  return [
    `### ${cell.kernel} ${cell.lens} ${cell.spec}: ${cell.outcome}`,
    cell.reason ?? '',
    ...tests,
    ...fenced(cell.log?.join('\n')),
    `Again: \`npx ringcross run --kernel ${cell.kernel} --lens ${cell.lens} --spec ${cell.spec}\``,
  ]
    .filter(Boolean)
    .join('\n\n');
};
