// A table as aligned Markdown: reads the same in a terminal, in a file and on a page.

export interface Table {
  header: readonly string[];
  rows: readonly (readonly string[])[];
}

/** The first column is text, aligned left; the others are figures, aligned right. A pipe in a cell is escaped. */
export const renderTable = ({ header, rows }: Table): string => {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => pad(row[column] ?? '', width, column === 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [first = [], ...rest] = cells;
  return [line(first), rule, ...rest.map(line)].join('\n');
};

const pad = (cell: string, width: number, left: boolean): string => {
  const space = ' '.repeat(width - [...cell].length);
  return left ? cell + space : space + cell;
};

/** `12,345` with at most one decimal; an em dash for what was not measured. */
export const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '—' : value.toLocaleString('en-US', { maximumFractionDigits: 1 });
