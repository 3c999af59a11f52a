// The parts of a page that belong to one group: title, the survey's tables, the five parameters, what is not possible.
import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../run/manifest.ts';
import { narrowCaseTable } from './cases.ts';
import { findingsAbout, type Group } from './groups.ts';
import { parameterDetails, parameterNotes, parameterTable } from './parameters.ts';
import { cycleNotes, cycleTable } from './survey-cycles.ts';
import { ipcNotes, ipcTable } from './survey-ipc.ts';
import { synchronyNotes, synchronyTable } from './survey-synchrony.ts';
import { renderNotes, renderTable, type Table } from './table.ts';

/** `brief` has tables only, for a terminal; `full` also their notes, and what stands behind each parameter. */
export type Detail = 'brief' | 'full';

/** What it is, and that its figures and the survey's do not compare. */
export const groupTitle = (group: Group, manifest: Manifest): string => {
  const title = lensTitle(group, manifest);
  return group.unit === null
    ? title
    : `${title} Medians unless said; the empty window is subtracted; an em dash is what was not measured. ${doNotCompare(group.unit)}`;
};

/** Kernel and lens, and what a tick is. */
export const lensTitle = ({ release, lens, unit }: Group, { lenses }: Manifest): string => {
  const meaning = lenses.find((record) => record.lens === lens)?.meaning ?? '';
  return `## Linux ${release}, lens ${lens}${unit === null ? '' : `, in ${unit}`}\n\n${meaning}.`;
};

/** The sentence without which no page shows figures beside the survey's. */
const doNotCompare = (unit: string): string =>
  `The survey's cycles and these ${unit} are different units of different machines: they do not compare.`;

interface TableSection {
  title: string;
  table: Table;
  notes: readonly string[];
  isOfFigures: boolean;
}

/**
 * Tables 1 to 5, then the parameters. A lens without a unit has those that findings fill. Of mechanisms that none of the five
 * tables knows, such as a module of somebody else's, a terminal shows the cases in their place.
 */
export const surveySections = (group: Group, detail: Detail): string[] => {
  const surveyed = surveyTables(group);
  const empty = surveyTables({ ...group, cases: [], findings: [], accounts: [] });
  const isUnknown = detail === 'brief' && isDeepStrictEqual(surveyed, empty);
  return [
    ...(isUnknown ? ownTables(group) : surveyed),
    {
      title: "The survey's five parameters",
      table: parameterTable(group),
      notes: parameterNotes,
      isOfFigures: false,
    },
    ...(detail === 'full'
      ? parameterDetails(group).map((one) => ({ ...one, notes: [], isOfFigures: false }))
      : []),
  ]
    .filter(({ isOfFigures }) => group.unit !== null || !isOfFigures)
    .flatMap(({ title, table, notes }) => [
      `### ${title}`,
      renderTable(table),
      ...(detail === 'full' && notes.length > 0 ? [renderNotes(notes)] : []),
    ]);
};

const surveyTables = (group: Group): TableSection[] => [
  {
    title: 'Table 1 of the survey: latency of IPC',
    table: ipcTable(group),
    notes: ipcNotes(group),
    isOfFigures: true,
  },
  {
    title: 'Table 2 of the survey: sending from the kernel, synchronous or asynchronous',
    table: synchronyTable('k2u', group),
    notes: synchronyNotes,
    isOfFigures: false,
  },
  {
    title: 'Table 3 of the survey: sending from user space, synchronous or asynchronous',
    table: synchronyTable('u2k', group),
    notes: synchronyNotes,
    isOfFigures: false,
  },
  {
    title: 'Table 4 of the survey: user to kernel',
    table: cycleTable('u2k', group),
    notes: cycleNotes('u2k', group),
    isOfFigures: true,
  },
  {
    title: 'Table 5 of the survey: kernel to user',
    table: cycleTable('k2u', group),
    notes: cycleNotes('k2u', group),
    isOfFigures: true,
  },
];

const ownTables = ({ cases, unit }: Group): TableSection[] =>
  unit === null || cases.length === 0
    ? []
    : [{ title: 'Cases', table: narrowCaseTable(cases, unit), notes: [], isOfFigures: true }];

/** Directions that a mechanism is said not to have, and what came of trying. */
export const notPossibleSection = (group: Group): string[] => {
  const shown = findingsAbout(group, 'not possible');
  if (shown.length === 0) return [];
  return [
    '### Said to be not possible',
    renderTable({
      header: ['mechanism', 'direction', 'attempt', 'possible', 'what was seen'],
      textColumns: 5,
      rows: shown.map(({ mechanism, direction, subject, holds, says }) => [
        mechanism,
        direction,
        subject,
        holds ? 'no' : 'yes',
        says,
      ]),
    }),
  ];
};
