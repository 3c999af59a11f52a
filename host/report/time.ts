// Where the time of a run went, by cell.
import { seconds } from '../progress.ts';
import type { Manifest } from '../run/manifest.ts';
import type { Results } from '../run/results.ts';
import { notMeasured, type Table } from './table.ts';

/** The longest cell first; the last row is the sum of all. */
export const timeTable = ({ cells }: Results): Table => {
  const sum = (of: (cell: Results['cells'][number]) => number): number =>
    cells.reduce((total, cell) => total + of(cell), 0);
  const passedOf = ({ tests }: Results['cells'][number]) =>
    tests.filter(({ outcome }) => outcome === 'passed').length;
  return {
    header: ['cell', 'outcome', 'tests', 'cases', 'boot', 'whole'],
    textColumns: 2,
    rows: [
      ...cells
        .toSorted((a, b) => b.ms - a.ms)
        .map((cell) => [
          `${cell.kernel} ${cell.lens} ${cell.spec}`,
          cell.outcome,
          `${passedOf(cell)}/${cell.tests.length}`,
          `${cell.cases.length}`,
          cell.bootMs === null ? notMeasured : seconds(cell.bootMs),
          seconds(cell.ms),
        ]),
      [
        `all ${cells.length}`,
        '',
        `${sum(passedOf)}/${sum(({ tests }) => tests.length)}`,
        `${sum(({ cases }) => cases.length)}`,
        seconds(sum(({ bootMs }) => bootMs ?? 0)),
        seconds(sum(({ ms }) => ms)),
      ],
    ],
  };
};

/** Guests run side by side, so the sum above is not what a person waited. Empty for a run that does not say when it ended. */
export const waited = ({ started, ended }: Manifest): string[] =>
  ended
    ? [
        `From the first cell's start to the last one's end: ${seconds(Date.parse(ended) - Date.parse(started))}.`,
      ]
    : [];

/** How the guests came to be: of how many templates they are clones, how many booted, and why. */
export const starts = ({ cells }: Results, { templates = [] }: Manifest): string[] => {
  const started = cells.flatMap(({ start }) => start ?? []);
  if (started.length === 0) return [];
  const clones = started.filter(({ kind }) => kind === 'clone').length;
  const booted = Map.groupBy(
    started.filter(({ kind }) => kind === 'boot'),
    ({ reason }) => reason ?? 'as asked for',
  );
  return [
    `${clones} of ${started.length} guests are clones${clones === 0 ? '' : `, of ${templates.length} ${templates.length === 1 ? 'template' : 'templates'}`}.`,
    ...[...booted].map(([reason, group]) => `${group.length} booted: ${reason}.`),
  ];
};
