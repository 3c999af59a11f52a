// The page that GitHub Actions shows for a step: what came out, what did not pass and why, and which spec on which kernel.
import type { Manifest } from '../run/manifest.ts';
import { type CellResult, cellOutcomes, type Results, type TestResult } from '../run/results.ts';
import { code, fenced } from './markdown-text.ts';
import { counted, isGood, tally } from './outcomes.ts';
import { problemsOf } from './problems.ts';
import { renderTable } from './table.ts';

/** A step's summary that is larger is refused whole. */
export const summaryBytes = 1024 * 1024;

/** In Markdown, of at most `limit` bytes: where they do not suffice for every failure, it says how many are left out. */
export const githubSummary = (results: Results, manifest: Manifest, limit = summaryBytes): string => {
  const head = headline(results, manifest);
  const tables = kernelTables(results.cells);
  const rest = [...head, ...tables].join('\n\n');
  const failures = fitting(
    results.cells.filter(({ outcome }) => !isGood(outcome)).map(failure),
    limit - Buffer.byteLength(rest) - marginBytes,
  );
  return `${[...head, ...failures, ...tables].join('\n\n')}\n`;
};

/** For the heading of the failures, the line about those left out, and the empty lines between the parts. */
const marginBytes = 500;

const headline = ({ run, cells }: Results, { kernels, lenses }: Manifest): string[] => {
  const bad = cells.filter(({ outcome }) => !isGood(outcome)).length;
  const tests = cells.flatMap((cell) => cell.tests);
  const outcomes = cells.map(({ outcome }) => outcome);
  return [
    `## ringcross: ${bad === 0 ? `nothing failed in ${counted(cells.length, 'cell')}` : `${bad} of ${counted(cells.length, 'cell')} did not pass`}`,
    [
      `Cells: ${tally(outcomes, cellOutcomes) || 'none'}.`,
      `Tests: ${
        tally(
          tests.map(({ outcome }) => outcome),
          testOutcomes,
        ) || 'none'
      }.`,
      `Linux ${kernels.map(({ release }) => release).join(', ')}; lens ${lenses.map(({ lens }) => lens).join(', ')}; run ${run}.`,
    ].join('\n'),
  ];
};

const testOutcomes: readonly TestResult['outcome'][] = ['passed', 'failed', 'crashed', 'hung', 'skipped'];

const failure = (cell: CellResult): string => {
  const { kernel, lens, spec, outcome, reason = '', log = [] } = cell;
  return [
    `#### ${kernel} ${lens} ${spec}: ${outcome}`,
    code(reason),
    ...problemsOf(cell).flatMap(({ test, outcome: end, position, text }) => {
      // What has no error of its own is explained by the log below.
      if (test === null || end !== 'failed') return test === null ? [] : [`- ${code(test)}: ${end}`];
      const where = position ? ` at ${code(`${position.file}:${position.line}`)}` : '';
      return [`- ${code(test)}: ${end}${where}`, ...fenced(text)];
    }),
    ...folded('log', log.join('\n')),
    `Again: ${code(`npx ringcross run --kernel ${kernel} --lens ${lens} --spec ${spec}`)}`,
  ].join('\n\n');
};

const folded = (title: string, text: string): string[] => {
  const block = fenced(text);
  return block.length === 0 ? [] : [`<details><summary>${title}</summary>`, ...block, '</details>'];
};

const fitting = (failures: readonly string[], limit: number): string[] => {
  if (failures.length === 0) return [];
  const kept: string[] = [];
  let bytes = 0;
  for (const text of failures) {
    bytes += Buffer.byteLength(text) + 2;
    if (bytes > limit) break;
    kept.push(text);
  }
  const left = failures.length - kept.length;
  return [
    '### What did not pass',
    ...kept,
    ...(left > 0
      ? [`${counted(left, 'more failure')}: there is no room here; see the report of the run.`]
      : []),
  ];
};

/** One table per lens: specs down, kernels across. */
const kernelTables = (cells: readonly CellResult[]): string[] =>
  [...Map.groupBy(cells, ({ lens }) => lens)].flatMap(([lens, own]) => [
    `### Kernels and specs, lens ${lens}`,
    kernelTable(own),
  ]);

const kernelTable = (cells: readonly CellResult[]): string => {
  const kernels = [...new Set(cells.map(({ kernel }) => kernel))];
  const specs = [...Map.groupBy(cells, ({ spec }) => spec)];
  return renderTable({
    header: ['spec', ...kernels],
    rows: specs.map(([spec, own]) => [
      spec,
      ...kernels.map((kernel) => shown(own.find((cell) => cell.kernel === kernel))),
    ]),
    textColumns: kernels.length + 1,
  });
};

/** What failed stands out; what was not in the plan is left empty. */
const shown = (cell: CellResult | undefined): string =>
  cell === undefined ? '' : isGood(cell.outcome) ? cell.outcome : `**${cell.outcome}**`;
