// Failures as annotations of GitHub Actions: a workflow command a line, which the runner takes from what a step prints.
import type { CellResult, Results } from '../run/results.ts';
import { counted } from './outcomes.ts';
import { oneLine, plainText } from './plain-text.ts';
import { type Problem, problemsOf } from './problems.ts';
import { inRepository, type SourcePlaces, specInRepository } from './source-places.ts';

/** GitHub shows no more errors of one step. */
const shown = 10;

/** Lines of a message that an annotation has room for. */
const messageLines = 20;

/**
 * `::error file=…,line=…::…` for what did not pass, at the position in the spec. The same failure on several kernels is one
 * annotation that names them; of more than GitHub shows the last says how many there are.
 */
export const githubAnnotations = ({ cells }: Results, places: SourcePlaces): string[] => {
  const groups = Map.groupBy(
    cells.flatMap((cell) =>
      problemsOf(cell).map((problem) => ({ cell, ...annotation(problem, cell, places) })),
    ),
    ({ properties, message }) => JSON.stringify([properties, message]),
  );
  const commands = [...groups.values()].map((same) => command(same));
  if (commands.length <= shown) return commands;
  const rest = commands.length - (shown - 1);
  return [
    ...commands.slice(0, shown - 1),
    `::error title=ringcross::${escapeData(`${counted(rest, 'more failure')}: see the summary of this step or the report`)}`,
  ];
};

interface Annotation {
  properties: { file?: string; line?: number; col?: number; title: string };
  message: string;
}

const annotation = (problem: Problem, { spec }: CellResult, places: SourcePlaces): Annotation => {
  const { test, outcome, position } = problem;
  const file = position ? inRepository(places, position.file) : specInRepository(places, spec);
  return {
    properties: {
      ...(file === null ? {} : { file }),
      ...(position ? { line: position.line, col: position.column } : {}),
      title: oneLine(`${spec}${test === null ? '' : ` › ${test}`}: ${outcome}`),
    },
    message: plainText(withoutTime(problem.message)).trim().split('\n').slice(0, messageLines).join('\n'),
  };
};

// A kernel's time of day tells two guests apart that met the same end.
const withoutTime = (message: string): string => message.replace(/^\[ *\d+\.\d{6}\] /, '');

const command = (same: readonly (Annotation & { cell: CellResult })[]): string => {
  const [{ properties, message } = { properties: {}, message: '' }] = same;
  const listed = Object.entries(properties).map(
    ([name, value]) => `${name}=${escapeProperty(String(value))}`,
  );
  const where = same.map(({ cell }) => `${cell.kernel} ${cell.lens}`).join(', ');
  return `::error ${listed.join(',')}::${escapeData(`${message}\non ${where}`)}`;
};

// As the runner undoes it: the percent sign first, or the others' would be escaped again.
const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
