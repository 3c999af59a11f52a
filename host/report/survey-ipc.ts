// Table 1 of the survey, "Comparison of IPC mechanism latency" (i7-4600U, Linux 4.4), with our figures beside its own.
// The survey's are microseconds of another machine: they stand here to be read, never to be subtracted.
import { findCase, type Group } from './groups.ts';
import { figure, type Table } from './table.ts';

interface IpcRow {
  title: string;
  mechanism: string;
  bytes: number;
  /** The variant that does what the survey did. */
  published: string;
  /** The variant that takes each message by itself. */
  perMessage: string;
  /** Microseconds a message. */
  survey: string;
}

const rows: readonly IpcRow[] = [
  {
    title: 'pipe, 4096 B',
    mechanism: 'pipe',
    bytes: 4096,
    published: 'stream',
    perMessage: 'blocking',
    survey: '2.37',
  },
  {
    title: 'pipe, 416 B in two transfers',
    mechanism: 'pipe',
    bytes: 416,
    published: 'two-transfers-stream',
    perMessage: 'two-transfers',
    survey: '1.27',
  },
  {
    title: 'POSIX shared memory',
    mechanism: 'shm',
    bytes: 416,
    published: 'stream',
    perMessage: 'futex',
    survey: '0.91',
  },
  {
    title: 'POSIX message queue',
    mechanism: 'mqueue',
    bytes: 416,
    published: 'stream',
    perMessage: 'blocking',
    survey: '0.99',
  },
];

/** The survey's mean, ours by its method, and ours a message: from the start of its send to the end of its receive. */
export const ipcTable = ({ cases, unit }: Group): Table => ({
  header: [
    'IPC mechanism',
    'survey (µs, mean)',
    `as the survey did: mean (${unit})`,
    'over messages',
    `a message: p50 (${unit})`,
    'p90',
    'p99',
  ],
  rows: rows.map(({ title, mechanism, bytes, published, perMessage, survey }) => {
    const stream = findCase(cases, mechanism, 'u2u', published, bytes)?.stream;
    const transit = findCase(cases, mechanism, 'u2u', perMessage, bytes)?.transit;
    return [
      title,
      survey,
      ...[stream?.mean, stream?.messages, transit?.p50, transit?.p90, transit?.p99].map(figure),
    ];
  }),
});

/** What to know before reading Table 1. */
export const ipcNotes = ({ lens }: Pick<Group, 'lens'>): string[] => [
  'The survey times one loop over a million messages and divides: that is inverse throughput, not the latency of a message. The columns "as the survey did" repeat its method; those of a message go from the start of its send to the end of its receive.',
  'A message is received by a thread that waits for it, so that its latency holds the wake-up and the switch to that thread; only the two transfers are sent and received by one thread, and theirs holds neither.',
  ...(lens === 'instructions'
    ? [
        'Where the survey sends a million messages, we send as many as the column says: each costs the same number of instructions, and what more of them would smooth is the timer ticks that fall into the window.',
      ]
    : []),
  'The survey does not say how long a message is in shared memory and in the queue: 416 B is taken.',
];
