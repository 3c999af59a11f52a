// What two runs of one plan must have in common to the last byte, when they ran at other times, on other hosts, or in shards.
import { parseLine } from './journal.ts';

/** Fields that say when something was, how long it took, or where, wherever they stand. The one list of them. */
const times: ReadonlySet<string> = new Set([
  // Every file; of a run.
  'run',
  'started',
  'ended',
  // Durations of cells, tests, guests, templates and builds.
  'ms',
  'bootMs',
  'freezeMs',
  'builtSeconds',
  // Events of the journal.
  'at',
  // The host, what it made of disks and templates, and what its guests say of it.
  'host',
  'cyclesProbe',
  'images',
  'facts',
  'commandLine',
  'key',
  'built',
  'bootId',
  'cloneOf',
]);

/** The kernel's own stamps in lines of its log: seconds since its boot. */
const stamp = /\[ *\d+\.\d{6}\]/g;

/**
 * A copy of results, a manifest or an event, of the same shape, in which times are zero and empty. Where each shard ran is
 * left out: one machine's run has no such list.
 */
export const comparable = <T>(value: T): T => without(value, false) as T;

const without = (value: unknown, isTime: boolean): unknown => {
  if (Array.isArray(value)) return isTime ? [] : value.map((item) => without(item, false));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'shards')
        .map(([name, item]) => [name, without(item, isTime || times.has(name))]),
    );
  if (typeof value === 'string') return isTime ? '' : value.replaceAll(stamp, '[]');
  // That there is none is no time.
  return isTime && value !== null ? 0 : value;
};

/**
 * The events of a journal without their times, as a text: those of each cell together, in the order of `cells`, since
 * which of two cells was first to say something is a matter of time too. What tells of an interruption is left out.
 */
export const comparableJournal = (text: string, cells: readonly string[]): string => {
  const events = text
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => parseLine(Buffer.from(line)) ?? []);
  const plan = events.filter(({ kind }) => kind === 'plan');
  const ofCells = cells.flatMap((cell) => {
    const own = events.filter((event) => event.cell === cell);
    return own.slice(own.findLastIndex(({ kind }) => kind === 'begin'));
  });
  return [...plan, ...ofCells].map((event) => `${JSON.stringify(comparable(event))}\n`).join('');
};
