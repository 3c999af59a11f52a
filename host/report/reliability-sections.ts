// The parts of a page that say how far a mechanism can be trusted. A section without a table is left out. Pure.
import type { Group } from './groups.ts';
import { guaranteeNotes, guaranteeTable } from './guarantees.ts';
import { bufferTables, loadNotes, lossCurves } from './loads.ts';
import { plainAccounts } from './plain-accounts.ts';
import {
  boundaryTable,
  deathTable,
  findingNotes,
  lossNoticeTable,
  recoveryTable,
} from './reliability-findings.ts';
import { onlyTable, renderSection, type Section } from './section.ts';
import type { Detail } from './sections.ts';
import { acknowledgementNotes, fixedWindow, stopAndWait, windowNotes } from './windows.ts';

/** `brief` has a line for each mechanism, `full` everything. */
export const reliabilitySections = (group: Group, detail: Detail): string[] => {
  const guarantees: Section = {
    title: 'Reliability: what each mechanism guarantees',
    parts: onlyTable(guaranteeTable(group)),
    notes: detail === 'full' ? guaranteeNotes : [],
  };
  return [guarantees, ...(detail === 'full' ? details(group) : [])].flatMap(renderSection);
};

const details = (group: Group): Section[] => [
  { title: 'Loss against offered load', parts: lossCurves(group), notes: loadNotes(group) },
  { title: 'Buffers: loss at the same load', parts: bufferTables(group), notes: [] },
  {
    title: 'Figure 2 of the survey: one message, one ACK',
    parts: stopAndWait(group),
    notes: acknowledgementNotes,
  },
  { title: 'Figure 3 of the survey: a fixed window', parts: fixedWindow(group), notes: windowNotes },
  {
    title: 'Messages at no set rate and without a window',
    parts: onlyTable(plainAccounts(group)),
    notes: [],
  },
  { title: 'Who learns of a loss', parts: onlyTable(lossNoticeTable(group)), notes: findingNotes.lossNotice },
  {
    title: 'Recovery from a loss, and from a change during a dump',
    parts: onlyTable(recoveryTable(group)),
    notes: findingNotes.recovery,
  },
  { title: 'Death of one side', parts: onlyTable(deathTable(group)), notes: findingNotes.death },
  {
    title: 'Boundaries: the empty message, the largest, and one byte more',
    parts: onlyTable(boundaryTable(group)),
    notes: findingNotes.boundary,
  },
];
