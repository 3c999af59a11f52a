// The run's journal: every event as it came, one JSON object a line, appended and never rewritten. With the plan it is all
// that results are made of, so a run that was interrupted goes on from it, and shards are merged by it.
import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { RingcrossError } from '../../vm/errors.ts';

export interface Journal extends Disposable {
  /** Writes one event of a cell, or of the run itself where `cell` is null. */
  append(cell: string | null, event: JournalEvent): void;
}

interface JournalEvent {
  kind: string;
}

/** The first event of a cell. One that has several was begun again: what came before the last counts no more. */
export const cellBegins = { kind: 'begin' } as const;

/** Opens for appending. Each line is one write(2), so that a killed host leaves at most one line cut short. */
export const openJournal = (path: string): Journal => {
  const fd = openSync(path, 'a');
  return {
    append: (cell, event) => {
      writeSync(fd, journalLine(new Date().toISOString(), cell, event));
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
};

/** An event as it stands in the file. */
export const journalLine = (at: string, cell: string | null, event: JournalEvent): string =>
  `${JSON.stringify({ at, cell, ...event })}\n`;

/** A journal's lines as they stand in the file, without their ends. */
export interface JournalLines {
  /** The first line: the plan. Null in a run that was killed before it. */
  plan: Buffer | null;
  /** By cell, since it last began. */
  cells: ReadonlyMap<string, readonly Buffer[]>;
  /** Bytes up to the end of the last whole line. */
  whole: number;
  /** Bytes after it: of a line that was cut short. */
  cut: number;
}

/** Errors: RUN_DAMAGED where a whole line is none of a journal. */
export const readJournal = async (path: string): Promise<JournalLines> => {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new RingcrossError('RUN_DAMAGED', `expected a journal, but ${path} cannot be read: ${cause.code}`, {
      cause,
    });
  });
  return journalLines(bytes, path);
};

/** Removes a last line that was cut short when its host died; returns how many bytes that were. */
export const mendJournal = async (path: string, { whole, cut }: JournalLines): Promise<number> => {
  if (cut > 0) await truncate(path, whole);
  return cut;
};

/** Pure; `path` is for the message. */
export const journalLines = (bytes: Buffer, path: string): JournalLines => {
  const cells = new Map<string, Buffer[]>();
  let plan: Buffer | null = null;
  let start = 0;
  for (let number = 1, end = bytes.indexOf(10); end >= 0; number++, end = bytes.indexOf(10, start)) {
    const line = bytes.subarray(start, end);
    start = end + 1;
    const event = parseLine(line);
    if (event === null)
      throw new RingcrossError(
        'RUN_DAMAGED',
        `expected an event in line ${number} of ${path}, but it is none`,
      );
    if (event.kind === 'plan') plan = line;
    if (event.cell === null) continue;
    if (event.kind === cellBegins.kind) cells.set(event.cell, []);
    const own = cells.get(event.cell) ?? [];
    own.push(line);
    cells.set(event.cell, own);
  }
  return { plan, cells, whole: start, cut: bytes.length - start };
};

interface ParsedLine extends JournalEvent {
  cell: string | null;
}

/** Null where it is none. */
export const parseLine = (line: Buffer): ParsedLine | null => {
  try {
    const parsed = JSON.parse(line.toString()) as Partial<ParsedLine> | null;
    const { kind, cell } = parsed ?? {};
    const isEvent = typeof kind === 'string' && (cell === null || typeof cell === 'string');
    return isEvent ? (parsed as ParsedLine) : null;
  } catch {
    return null;
  }
};
