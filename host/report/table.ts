// A table as aligned Markdown: reads the same in a terminal, in a file and on a page.

export interface Table {
  header: readonly string[];
  rows: readonly (readonly string[])[];
  /** So many columns, from the first, are text; the others are figures. Default 1. */
  textColumns?: number;
}

/** Text is aligned left, figures right. A pipe in a cell is escaped. */
export const renderTable = ({ header, rows, textColumns = 1 }: Table): string => {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)),
  );
  const isText = (column: number) => column < textColumns;
  const join = (parts: readonly string[]) => `| ${parts.join(' | ')} |`;
  const line = (row: readonly string[]) =>
    join(widths.map((width, column) => pad(row[column] ?? '', width, isText(column))));
  const rule = join(
    widths.map((width, column) => (isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
  );
  const [first = [], ...rest] = cells;
  return [line(first), rule, ...rest.map(line)].join('\n');
};

const pad = (cell: string, width: number, left: boolean): string => {
  const space = ' '.repeat(width - [...cell].length);
  return left ? cell + space : space + cell;
};

/** In the place of what was not measured. */
export const notMeasured = '—';

/** `12,345` with at most one decimal; an em dash for what was not measured. */
export const figure = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? notMeasured
    : value.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** Lines of a list below a table. */
export const renderNotes = (notes: readonly string[]): string => notes.map((note) => `- ${note}`).join('\n');
