// A run as KTAP, version 1 (Documentation/dev-tools/ktap.rst of the kernel): one test per cell, its tests within it.
import type { Manifest } from '../run/manifest.ts';
import type { CellResult, Results, TestResult } from '../run/results.ts';
import { isGood } from './outcomes.ts';
import { oneLine, plainText } from './plain-text.ts';
import { testProblem } from './problems.ts';

/** The whole text. A parser that knows only TAP reads the cells from it and skips what is within them. */
export const ktapReport = ({ run, cells }: Results, { ringcross, kernels }: Manifest): string => {
  const releases = kernels.map(({ release }) => release).join(', ');
  const head = [`ringcross ${ringcross.version}, run ${run}, Linux ${releases}`];
  return `${level(head, cells.map(cellEntry)).join('\n')}\n`;
};

interface Entry {
  title: string;
  outcome: CellResult['outcome'] | TestResult['outcome'];
  /** Behind the outcome, where there is one that `ok` and `not ok` do not tell. */
  reason: string;
  /** What explains it: the lines before its own. */
  says: string[];
  within: Entry[];
}

const level = (head: readonly string[], entries: readonly Entry[]): string[] => [
  'KTAP version 1',
  ...head.flatMap(diagnostic),
  `1..${entries.length}`,
  ...entries.flatMap((entry, index) => [
    ...(entry.within.length > 0 ? nested(entry) : []),
    ...entry.says.flatMap(diagnostic),
    `${isGood(entry.outcome) ? 'ok' : 'not ok'} ${index + 1} ${words(entry.title)}${directive(entry)}`,
  ]),
];

// KUnit says the name before the subtests too: whoever reads along knows what they are of.
const nested = ({ title, within }: Entry): string[] =>
  level([`Subtest: ${words(title)}`], within).map((line) => `  ${line}`);

const diagnostic = (text: string): string[] =>
  plainText(text)
    .trimEnd()
    .split('\n')
    .map((line) => `# ${line}`.trimEnd());

// A hash ends a description, and KTAP has no way to write one in it.
const words = (text: string): string => oneLine(text).replaceAll('#', '\uFF03');

const directive = ({ outcome, reason }: Entry): string => {
  if (outcome === 'passed' || outcome === 'failed') return '';
  if (outcome === 'skipped') return ` # SKIP ${words(reason)}`;
  return outcome === 'hung' ? ` # TIMEOUT ${words(reason)}` : ` # ERROR ${outcome}: ${words(reason)}`;
};

const cellEntry = (cell: CellResult): Entry => {
  const { kernel, lens, spec, outcome, reason = '', log = [], tests } = cell;
  return {
    title: `${kernel}-${lens}-${spec}`,
    outcome,
    reason,
    says: [...(outcome === 'failed' ? [reason] : []), ...(log.length > 0 ? [log.join('\n')] : [])],
    within: tests.map((test) => testEntry(test, cell)),
  };
};

const testEntry = (test: TestResult, cell: CellResult): Entry => {
  const { title, outcome, reason = '', output } = test;
  const problem = testProblem(test, cell);
  return {
    title,
    outcome,
    reason,
    // The log stands with the cell; of a test that did not come to an error of its own there is nothing more to say.
    says: problem ? [...(outcome === 'failed' ? [problem.text] : []), ...(output ? [output] : [])] : [],
    within: [],
  };
};
