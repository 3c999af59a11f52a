// The run's journal: every event as it came, one JSON object a line, appended and never rewritten.
import { closeSync, openSync, writeSync } from 'node:fs';

export interface Journal extends Disposable {
  /** Writes one event of a cell, or of the run itself where `cell` is null. */
  append(cell: string | null, event: object): void;
}

/** Opens for appending. Each line is one write(2), so that a killed host leaves at most one line cut short. */
export const openJournal = (path: string): Journal => {
  const fd = openSync(path, 'a');
  return {
    append: (cell, event) => {
      writeSync(fd, `${JSON.stringify({ at: new Date().toISOString(), cell, ...event })}\n`);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
};
