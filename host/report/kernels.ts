// Several kernels side by side: on which of them a spec holds, and since when a path got longer. Pure.
import { coerce, compare } from 'semver';
import { RingcrossError } from '../../vm/errors.ts';
import type { Manifest } from '../run/manifest.ts';
import type { CaseResult, CellResult, Results } from '../run/results.ts';
import { behaviourTable } from './behaviour.ts';
import { configDifference, optionList } from './config-difference.ts';
import { atSurveySize, type Group, groupsOf, surveyBytes } from './groups.ts';
import { directions, pageHeadline } from './headline.ts';
import { type Change, changes, figureName, figuresOf, growth, signedPercent } from './kernel-changes.ts';
import { figure, notMeasured, renderNotes, renderTable, type Table } from './table.ts';

/** Final configs by kernel, as `readConfig` has them. */
export type Configs = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** So many growths and so many reductions between two kernels are listed. */
const listed = 10;

/** The sections of a run on several kernels, for each lens with figures; empty where it has one kernel. */
export const kernelSections = (results: Results, configs: Configs): string[] => {
  const kernels = inOrder(results);
  if (kernels.length < 2) return [];
  const exact = groupsOf(results).filter(({ unit }) => unit === 'instructions');
  const groups = kernels.flatMap(({ kernel, release }) => {
    const group = exact.find((one) => one.kernel === kernel);
    return group === undefined ? [] : [{ ...group, release }];
  });
  return [
    '## Kernels side by side',
    renderTable(outcomeTable(results.cells, kernels)),
    ...behaviourSection(results, kernels),
    ...(groups.length < 2
      ? []
      : [
          `### Instructions at ${surveyBytes} B, or at the smallest size a case has, and the change from the kernel before`,
          renderNotes([
            'Transit where a case has it, else the mean of its stream, else the receive or the send: the same column on every kernel.',
            'The lens is exact: any difference is one of code or configuration.',
          ]),
          renderTable(figureTable(groups)),
          ...pairs(groups).flatMap(([older, newer]) => changeSections(older, newer, configs)),
        ]),
  ];
};

/** What the same test has found otherwise; a finding of any lens counts, the first of a kernel's. */
const behaviourSection = (results: Results, kernels: readonly KernelColumn[]): string[] => {
  const groups = groupsOf(results);
  const table = behaviourTable(
    kernels.map(({ kernel, release }) => ({
      release,
      findings: groups.filter((group) => group.kernel === kernel).flatMap(({ findings }) => findings),
    })),
  );
  return table.rows.length === 0 ? [] : ['### What they do differently', renderTable(table)];
};

/** A page to be published. Errors: USAGE where the run has one kernel alone. */
export const kernelsPage = (results: Results, manifest: Manifest, configs: Configs): string => {
  const sections = kernelSections(results, configs);
  if (sections.length === 0)
    throw new RingcrossError('USAGE', `expected a run on several kernels, but run ${results.run} has one`, {
      next: 'npx ringcross run --kernel 6.1 --kernel 6.12',
    });
  return `${[
    '# Kernels',
    pageHeadline(results, manifest),
    'Made by `ringcross report RUN --kernels FILE`; edits are lost, but for what stands below the mark at its end.',
    directions,
    ...sections,
  ].join('\n\n')}\n`;
};

interface KernelColumn {
  kernel: string;
  release: string;
}

/** Kernels of a run, the oldest release first; those of which no guest told come by their name. */
const inOrder = ({ cells }: Results): KernelColumn[] => {
  const found = new Map<string, KernelColumn>();
  for (const { kernel, release } of cells) found.set(kernel, { kernel, release: release ?? kernel });
  const columns = [...found.values()];
  // A flavour has the release of its kernel.
  const isShared = ({ release }: KernelColumn) => columns.filter((one) => one.release === release).length > 1;
  const named = columns.map((one) =>
    isShared(one) ? { ...one, release: `${one.release} (${one.kernel})` } : one,
  );
  return named.sort((a, b) => {
    const [one, two] = [coerce(a.release), coerce(b.release)];
    return (one && two ? compare(one, two) : 0) || a.kernel.localeCompare(b.kernel);
  });
};

const outcomeTable = (cells: readonly CellResult[], kernels: readonly KernelColumn[]): Table => {
  const rows = [...Map.groupBy(cells, ({ spec, lens }) => `${spec} ${lens}`).values()];
  return {
    header: ['spec', 'lens', ...kernels.map(({ release }) => release)],
    textColumns: 2 + kernels.length,
    rows: rows.map((own) => [
      own[0]?.spec ?? '',
      own[0]?.lens ?? '',
      ...kernels.map(({ kernel }) => told(own.find((cell) => cell.kernel === kernel))),
    ]),
  };
};

const told = (cell: CellResult | undefined): string => {
  if (cell === undefined) return notMeasured;
  const { outcome, tests, cases } = cell;
  if (outcome !== 'passed') return outcome === 'skipped' ? 'skipped' : `**${outcome}**`;
  const left = tests.filter((one) => one.outcome === 'skipped').length;
  return `passed, ${cases.length} cases${left > 0 ? `, ${left} tests skipped` : ''}`;
};

const figureTable = (groups: readonly Group[]): Table => {
  const shown = groups.map(({ cases }) => headFigures(atSurveySize(cases)));
  const names = [...new Set(shown.flatMap((figures) => [...figures.keys()]))].sort();
  return {
    header: ['case', ...groups.map(({ release }) => release)],
    rows: names.map((name) => [
      name,
      ...shown.map((figures, index) => {
        const value = figures.get(name);
        if (value === undefined) return notMeasured;
        const before = shown[index - 1]?.get(name);
        return before === undefined
          ? figure(value)
          : `${figure(value)} (${signedPercent(growth({ before, after: value }))})`;
      }),
    ]),
  };
};

/** One figure of each case, by its name. */
const headFigures = (cases: readonly CaseResult[]): Map<string, number> => {
  const found = new Map<string, number>();
  for (const one of cases) {
    const figures = new Map(figuresOf(one));
    const column = (['transit', 'stream', 'receive', 'send'] as const).find((name) => figures.has(name));
    if (column) found.set(figureName(one, column), figures.get(column) ?? 0);
  }
  return found;
};

const pairs = <T>(items: readonly T[]): [T, T][] =>
  items.slice(1).map((item, index): [T, T] => [items[index] as T, item]);

const changeSections = (older: Group, newer: Group, configs: Configs): string[] => {
  const found = changes(older.cases, newer.cases);
  const grown = found.filter((one) => growth(one) > 0).sort((a, b) => growth(b) - growth(a));
  const shrunk = found.filter((one) => growth(one) < 0).sort((a, b) => growth(a) - growth(b));
  const [before, after] = [configs.get(older.kernel), configs.get(newer.kernel)];
  const options = before && after ? configDifference(before, after) : null;
  const same = found.length - grown.length - shrunk.length;
  return [
    `### From ${older.release} to ${newer.release}`,
    `Of ${found.length} figures ${grown.length} have grown, ${shrunk.length} have become smaller, ${same} are the same.`,
    ...(options === null
      ? []
      : [
          options.length === 0
            ? 'Both are configured alike.'
            : `Configured otherwise, of what can matter: ${optionList(options)}.`,
        ]),
    ...[grown, shrunk].flatMap((some) =>
      some.length === 0 ? [] : [renderTable(changeTable(some.slice(0, listed), newer.unit ?? ''))],
    ),
  ];
};

/** Changes as they are listed: of a run's kernels, and against a baseline. */
export const changeTable = (found: readonly Change[], unit: string): Table => ({
  header: [`figure (${unit})`, 'before', 'after', 'difference', 'change'],
  rows: found.map((one) => [
    figureName(one.case, one.column),
    figure(one.before),
    figure(one.after),
    `${one.after > one.before ? '+' : ''}${figure(one.after - one.before)}`,
    signedPercent(growth(one)),
  ]),
});
