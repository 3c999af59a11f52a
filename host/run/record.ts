// One cell as the journal has it, and what is kept of it: results and samples. A run comes by here when a cell has ended, and
// so does whoever replays its journal, so that both keep the same.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestFacts } from '../../guest/protocol/messages.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { accountsOf } from './accounts.ts';
import { caseName, columns, measuredCase } from './case-result.ts';
import { findingsOf } from './findings.ts';
import { parseLine } from './journal.ts';
import type { TemplateFacts } from './manifest.ts';
import type { CellEvent, Verdict } from './outcome.ts';
import type { PlannedCell } from './plan-record.ts';
import type { CaseResult, CellResult } from './results.ts';
import { verdictOfError } from './run-cell.ts';
import { sampleBytes } from './samples.ts';

/** A cell's last event: what was made of those before it, and what no event says. */
export interface Ending extends Verdict, Pick<CellResult, 'release' | 'start' | 'bootMs' | 'ms'> {
  kind: 'outcome';
  /** Null of a cell that was skipped or whose kernel was not built. */
  guest: GuestRecord | null;
}

/** How a cell's first guest came to be; goes into the manifest. */
export interface GuestRecord {
  facts: GuestFacts | null;
  commandLine: readonly string[];
  pushed: Record<string, string>;
  template: TemplateFacts | null;
}

export interface CellRecord {
  cell: PlannedCell;
  events: readonly CellEvent[];
  ending: Ending;
}

/** A cell's record from its lines of the journal; null where it has not ended. Errors: RUN_DAMAGED. */
export const recordOf = (cell: PlannedCell, lines: readonly Buffer[]): CellRecord | null => {
  const parsed = lines.map((line) => {
    const event = parseLine(line);
    if (event === null) throw new RingcrossError('RUN_DAMAGED', `bug: a line of ${cell.cell} is no event`);
    const { at: _at, cell: _cell, ...rest } = event as typeof event & { at: string };
    return rest;
  });
  const ending = parsed.find(({ kind }) => kind === 'outcome') as Ending | undefined;
  const events = parsed.filter(({ kind }) => kind !== 'begin' && kind !== 'outcome');
  return ending === undefined ? null : { cell, events: events as unknown as CellEvent[], ending };
};

/** Writes the raw columns of every case below `dir`, and returns what is published of the cell. */
export const keepCell = async ({ cell, events, ending }: CellRecord, dir: string): Promise<CellResult> => {
  const { kind: _kind, guest: _guest, release, start, bootMs, ms, ...verdict } = ending;
  const head = { kernel: cell.kernel, release, lens: cell.lens, spec: cell.spec };
  try {
    const told = { findings: findingsOf(events), accounts: accountsOf(events, cell.lens) };
    return { ...head, start, bootMs, ms, cases: await keepCases(events, cell, dir), ...told, ...verdict };
  } catch (error) {
    const titles = verdict.tests.map(({ title }) => title);
    const none = { cases: [], findings: [], accounts: [] };
    return { ...head, start, bootMs, ms, ...none, ...verdictOfError(error, titles) };
  }
};

const keepCases = async (
  events: readonly CellEvent[],
  { cell, lens }: PlannedCell,
  dir: string,
): Promise<CaseResult[]> => {
  const cases: CaseResult[] = [];
  for (const event of events) {
    if (event.kind !== 'message' || event.message.type !== 'case') continue;
    const { result, samples } = measuredCase(event.message.case, lens);
    cases.push(result);
    for (const column of columns) {
      const values = samples[column];
      if (!values) continue;
      const folder = samplesFolder(dir, cell);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${caseName(result)}.${column}.u64`), sampleBytes(values));
    }
  }
  return cases;
};

/** What a cell that did not end has left. */
export const removeSamples = (dir: string, cell: string): Promise<void> =>
  rm(samplesFolder(dir, cell), { recursive: true, force: true });

const samplesFolder = (dir: string, cell: string): string => join(dir, 'samples', cell);
