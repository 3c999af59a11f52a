// Every case as a row of figures.
import type { CaseResult, Distribution } from '../run/results.ts';
import { figure, notMeasured, type Table } from './table.ts';

/** Medians and 99th percentiles of each column. */
export const caseTable = (cases: readonly CaseResult[], unit: string): Table => ({
  header: [
    `case (${unit})`,
    'bytes',
    'n',
    'send p50',
    'send p99',
    'receive p50',
    'receive p99',
    'transit p50',
    'transit p99',
    'stream mean',
    'bytes/tick',
  ],
  rows: cases.map((one) => [
    nameOf(one),
    figure(one.bytes),
    figure(one.received),
    ...[one.send, one.receive, one.transit].flatMap((column) => [figure(column?.p50), figure(column?.p99)]),
    figure(one.stream?.mean),
    one.throughput.bytesPerTick === null ? notMeasured : `${one.throughput.bytesPerTick}`,
  ]),
});

/** Narrow enough for a page, with the tails in brackets. The survey's figures stand in its own tables. */
export const narrowCaseTable = (cases: readonly CaseResult[], unit: string): Table => ({
  header: [
    `case (${unit})`,
    'bytes',
    'send p50 (p99)',
    'receive p50 (p99)',
    'transit p50 (p99)',
    'stream mean',
  ],
  rows: cases.map((one) => [
    nameOf(one),
    figure(one.bytes),
    ...[one.send, one.receive, one.transit].map(medianAndTail),
    figure(one.stream?.mean),
  ]),
});

/** What the columns are. */
export const caseNotes: readonly string[] = [
  'A case is a mechanism, a direction, and a variant: the way that its spec sends and receives.',
  'Send is inside the call of the sender, receive inside that of the receiver; transit is from the start of the send to the end of the receive, so that it holds the wake-up of a receiver that waits.',
  'Stream mean is of one loop over all messages, divided by their number, as the survey measures.',
];

const nameOf = ({ mechanism, direction, variant }: CaseResult): string =>
  `${mechanism} ${direction} ${variant}`;

const medianAndTail = (column: Distribution | null): string =>
  column ? `${figure(column.p50)} (${figure(column.p99)})` : notMeasured;
