// The survey's own tables with our figures beside its own. Its figures are of 2018, of other machines and another unit:
// they stand here to be read, never to be subtracted.
import type { CaseResult } from '../run/results.ts';
import { figure, type Table } from './table.ts';

interface CycleRow {
  title: string;
  mechanism: string;
  /** The variant of ours that does what the row names; absent where none is measured yet. */
  u2k?: string;
  k2u?: string;
  /** Cycles, or the survey's own words. */
  survey: { userSending: string; kernelReceiving: string; kernelSending: string; userReceiving: string };
}

/** Tables 4 and 5, "Comparison of mechanisms latencies in clock cycles for 1024Bytes messages" (i5-4210U, 1.7 GHz). */
const cycleRows: readonly CycleRow[] = [
  {
    title: 'netlink, dedicated port',
    mechanism: 'netlink',
    survey: {
      userSending: '15 000',
      kernelReceiving: 'NO DATA',
      kernelSending: '3 498',
      userReceiving: '3 724',
    },
  },
  {
    title: 'character device, read/write',
    mechanism: 'chardev',
    u2k: 'write',
    k2u: 'direct',
    survey: {
      userSending: '52 405',
      kernelReceiving: '182',
      kernelSending: 'NOT IMPLEMENTED',
      userReceiving: 'NOT IMPLEMENTED',
    },
  },
  {
    title: 'relay to debugfs',
    mechanism: 'relay',
    survey: {
      userSending: 'NOT POSSIBLE',
      kernelReceiving: 'NOT POSSIBLE',
      kernelSending: '158',
      userReceiving: '6 078',
    },
  },
  {
    title: 'vfs to pipefs',
    mechanism: 'pipefs',
    survey: {
      userSending: 'NOT IMPLEMENTED',
      kernelReceiving: 'NOT IMPLEMENTED',
      kernelSending: '4 620',
      userReceiving: '4 622',
    },
  },
];

interface LatencyRow {
  title: string;
  mechanism: string;
  variant?: string;
  bytes: number;
  /** Microseconds a message. */
  survey: string;
}

/** Table 1, "Comparison of IPC mechanism latency" (i7-4600U, Linux 4.4). */
const latencyRows: readonly LatencyRow[] = [
  { title: 'pipe, 4096 B', mechanism: 'pipe', variant: 'blocking', bytes: 4096, survey: '2.37' },
  {
    title: 'pipe, 416 B in two transfers',
    mechanism: 'pipe',
    variant: 'two-transfers',
    bytes: 416,
    survey: '1.27',
  },
  { title: 'POSIX shared memory', mechanism: 'shm', bytes: 416, survey: '0.91' },
  { title: 'POSIX message queue', mechanism: 'mqueue', bytes: 416, survey: '0.99' },
];

const surveyBytes = 1024;

/** Table 4, user to kernel, or Table 5, kernel to user, of one cell group in one unit. */
export const cycleTable = (direction: 'u2k' | 'k2u', cases: readonly CaseResult[], unit: string): Table => {
  const [sending, receiving] =
    direction === 'u2k' ? ['user sending', 'kernel receiving'] : ['kernel sending', 'user receiving'];
  return {
    header: [
      `${surveyBytes} B`,
      `${sending}, survey (cycles)`,
      `${sending}, ours (${unit})`,
      `${receiving}, survey (cycles)`,
      `${receiving}, ours (${unit})`,
    ],
    rows: cycleRows.map((row) => {
      const ours = find(cases, row.mechanism, direction, row[direction], surveyBytes);
      const { userSending, kernelReceiving, kernelSending, userReceiving } = row.survey;
      const [send, receive] =
        direction === 'u2k' ? [userSending, kernelReceiving] : [kernelSending, userReceiving];
      return [row.title, send, figure(ours?.send?.p50), receive, figure(ours?.receive?.p50)];
    }),
  };
};

/** Table 1: start of send to end of receive. */
export const latencyTable = (cases: readonly CaseResult[], unit: string): Table => ({
  header: ['IPC mechanism', 'survey (µs, mean)', `ours (${unit}, median)`, `ours (${unit}, mean)`],
  rows: latencyRows.map(({ title, mechanism, variant, bytes, survey }) => {
    const ours = find(cases, mechanism, 'u2u', variant, bytes);
    return [title, survey, figure(ours?.transit?.p50), figure(ours?.transit?.mean)];
  }),
});

const find = (
  cases: readonly CaseResult[],
  mechanism: string,
  direction: string,
  variant: string | undefined,
  bytes: number,
): CaseResult | undefined =>
  cases.find(
    (one) =>
      one.mechanism === mechanism &&
      one.direction === direction &&
      one.variant === variant &&
      one.bytes === bytes,
  );
