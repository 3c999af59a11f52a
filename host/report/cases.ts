// Every case as a row of figures.
import type { CaseResult, Distribution } from '../run/results.ts';
import { surveyCycles } from './survey-cycles.ts';
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

/** Narrower, and with the survey's figures beside ours; an em dash too where the survey has no such cell. */
export const besideSurveyTable = (cases: readonly CaseResult[], unit: string): Table => ({
  header: [
    `case (${unit})`,
    'bytes',
    'send p50 (p99)',
    'receive p50 (p99)',
    'transit p50 (p99)',
    'stream mean',
    'survey, sending (cycles)',
    'survey, receiving (cycles)',
  ],
  rows: cases.map((one) => {
    const survey = surveyCycles(one);
    return [
      nameOf(one),
      figure(one.bytes),
      ...[one.send, one.receive, one.transit].map(medianAndTail),
      figure(one.stream?.mean),
      survey?.send ?? notMeasured,
      survey?.receive ?? notMeasured,
    ];
  }),
});

const nameOf = ({ mechanism, direction, variant }: CaseResult): string =>
  `${mechanism} ${direction} ${variant}`;

const medianAndTail = (column: Distribution | null): string =>
  column ? `${figure(column.p50)} (${figure(column.p99)})` : notMeasured;
