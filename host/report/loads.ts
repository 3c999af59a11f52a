// Open loop: what is lost where messages are offered at a rate, whatever becomes of them. Pure.
import type { Lens } from '../../vm/lens.ts';
import { lostOf } from '../run/accounts.ts';
import type { AccountResult } from '../run/results.ts';
import { bufferSize, learners, lossShare, whatBecame } from './accounts.ts';
import type { Group } from './groups.ts';
import type { Part } from './section.ts';
import { figure, notMeasured, type Table } from './table.ts';

type Load = NonNullable<AccountResult['load']>;

/** Where buffers of one mechanism are compared at one load: `buffer, SO_RCVBUF 65536`. */
export const isOfBuffers = ({ variant }: AccountResult): boolean => variant.startsWith('buffer, ');

/** A table for each mechanism, direction, variant and size: loads down, from the lowest, and buffers across. */
export const lossCurves = ({ accounts, unit }: Pick<Group, 'accounts' | 'unit'>): Part[] => {
  const offered = accounts.filter((one) => one.load !== null && !isOfBuffers(one));
  return [...Map.groupBy(offered, nameOf)].map(([title, own]) => ({
    title,
    table: curve(own),
    says: [`${howItWas(own)} ${whatBecame(own, unit)}`],
  }));
};

const nameOf = ({ mechanism, direction, variant, bytes }: AccountResult): string =>
  `${mechanism} ${direction} ${variant}, ${figure(bytes)} B`;

const curve = (accounts: readonly AccountResult[]): Table => {
  const buffers = Map.groupBy(
    accounts.toSorted((a, b) => (a.buffer?.size ?? 0) - (b.buffer?.size ?? 0)),
    ({ buffer }) => bufferTitle(buffer),
  );
  const loads = Map.groupBy(
    // The shortest period of all is that of flat out, 0.
    accounts.toSorted((a, b) => (b.load?.periodNs ?? 0) - (a.load?.periodNs ?? 0)),
    ({ load }) => loadCells(load).join(),
  );
  return {
    header: ['load', 'period (ns)', ...buffers.keys()],
    rows: [...loads.values()].map((row) => [
      ...loadCells(row[0]?.load ?? null),
      ...[...buffers.values()].map((column) => {
        const shares = row.filter((one) => column.includes(one)).map(lossShare);
        return shares.join('; ') || notMeasured;
      }),
    ]),
  };
};

/** `buffer 16,384 B (12 messages)`, where it is known how many it holds. */
const bufferTitle = (buffer: AccountResult['buffer']): string => {
  if (buffer === null) return 'buffer as it is';
  const holds =
    buffer.unit === 'bytes' && buffer.capacity !== null ? ` (${figure(buffer.capacity)} messages)` : '';
  return `buffer ${bufferSize(buffer)}${holds}`;
};

const loadCells = (load: Load | null): [string, string] => {
  if (load === null) return [notMeasured, notMeasured];
  const { periodNs, serviceNs } = load;
  return periodNs === 0 ? ['flat out', '0'] : [(serviceNs / periodNs).toFixed(2), figure(periodNs)];
};

const howItWas = (accounts: readonly AccountResult[]): string => {
  const services = distinct(accounts, ({ load }) => load?.serviceNs ?? 0);
  const offered = distinct(accounts, (one) => one.offered);
  return `In each cell ${offered} messages were offered; the receiver takes ${services} ns for each.`;
};

const distinct = (accounts: readonly AccountResult[], of: (account: AccountResult) => number): string =>
  [...new Set(accounts.map(of))]
    .toSorted((a, b) => a - b)
    .map(figure)
    .join(' or ');

/** What to know before reading any of them. */
export const loadNotes = ({ lens }: Pick<Group, 'lens'>): string[] => [
  'Offered is what the sender tried to send, one message each period whether or not the one before was taken; lost is what was offered and no reader has got. A cell is the share of the offered that was lost, and the number of messages, with a buffer of the size that was asked for.',
  'Load is how many messages are offered in the time that the receiver takes for one: at 1 it can just take them all; flat out offers the next as soon as the call for the last has returned.',
  clockNote[lens],
  'Each lost message stands by its number in the results.json of a run.',
];

const clockNote: Record<Lens, string> = {
  instructions:
    'Periods and service times are virtual time, in which an instruction is a nanosecond, so that each count is exact. Sender and receiver share one CPU: the sender preempts the receiver whenever a message is due.',
  cycles: 'Periods and service times are real time: a count is that of one run.',
  emulated:
    'Periods and service times are real time of a machine that others use too: a count is that of one run.',
};

/** Buffers and ways to enlarge them: a table for each load that they were given. */
export const bufferTables = ({ accounts }: Pick<Group, 'accounts'>): Part[] =>
  [...Map.groupBy(accounts.filter(isOfBuffers), experimentOf)].map(([title, own]) => ({
    title,
    table: {
      header: [
        'buffer',
        'who learned of a loss',
        'asked for',
        'holds (messages)',
        'offered',
        'received',
        'lost',
      ],
      textColumns: 2,
      rows: own.map((one) => [
        one.variant.slice('buffer, '.length),
        lostOf(one) === 0 ? notMeasured : learners([one]),
        one.buffer ? bufferSize(one.buffer) : notMeasured,
        figure(one.buffer?.capacity),
        figure(one.offered),
        figure(one.received),
        lossShare(one),
      ]),
    },
    says: [],
  }));

/** `netlink k2u, 256 B, load 1.25, period 16,000 ns`. */
const experimentOf = ({ mechanism, direction, bytes, load }: AccountResult): string =>
  [
    `${mechanism} ${direction}`,
    `${figure(bytes)} B`,
    ...(load === null
      ? []
      : load.periodNs === 0
        ? ['flat out']
        : [`load ${loadCells(load)[0]}`, `period ${figure(load.periodNs)} ns`]),
  ].join(', ');
