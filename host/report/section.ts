// A section of a page: tables with what is said of each, and notes that hold for all of them.
import { renderNotes, renderTable, type Table } from './table.ts';

export interface Section {
  title: string;
  parts: Part[];
  /** What the words of its tables mean, the same for every run: a reader needs it before the first of them. */
  notes: readonly string[];
}

export interface Part {
  /** Null where a section has one table. */
  title: string | null;
  table: Table;
  /** Of these figures; a paragraph each. */
  says: readonly string[];
}

/** Empty where there is no table to show. */
export const renderSection = ({ title, parts, notes }: Section): string[] =>
  parts.length === 0
    ? []
    : [
        `### ${title}`,
        ...(notes.length > 0 ? [renderNotes(notes)] : []),
        ...parts.flatMap(({ title: own, table, says }) => [
          ...(own === null ? [] : [`#### ${own}`]),
          renderTable(table),
          ...says,
        ]),
      ];

/** The only table of a section; none where it has no rows. */
export const onlyTable = (table: Table): Part[] =>
  table.rows.length === 0 ? [] : [{ title: null, table, says: [] }];
