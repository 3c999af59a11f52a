// Tables 4 and 5 of the survey, "Comparison of mechanisms latencies in clock cycles for 1024Bytes messages" (i5-4210U,
// 1.7 GHz), with our figures beside its own. Its figures are of another machine and another unit: they stand here to be
// read, never to be subtracted.
import type { CaseResult } from '../run/results.ts';
import { findCase, findingsAbout, type Group, surveyBytes } from './groups.ts';
import { figure, type Table } from './table.ts';

type Direction = 'u2k' | 'k2u';

/** One row of one of the two tables. */
interface Entry {
  /** The variant of ours that does what the row names; null where the survey says that there can be none. */
  variant: string | null;
  /** Cycles, or the survey's own words. */
  send: string;
  receive: string;
  /** Why the survey's figures are not what they say. */
  note?: string;
}

interface CycleRow extends Record<Direction, Entry> {
  title: string;
  mechanism: string;
}

const missing = { send: 'NOT IMPLEMENTED', receive: 'NOT IMPLEMENTED' };
const blank = { send: '(blank)', receive: '(blank)' };

const rows: readonly CycleRow[] = [
  {
    title: 'netlink, dedicated port',
    mechanism: 'netlink',
    u2k: {
      variant: 'unicast',
      send: '15 000',
      receive: 'NO DATA',
      note: "one sendmsg for each line typed, each time with cold caches, and with the kernel's callback inside; the kernel's own timer was never read.",
    },
    k2u: {
      variant: 'unicast',
      send: '3 498',
      receive: '3 724',
      note: 'return codes were ignored, the broadcast path yields the CPU once a receiver is more than half full, and the reader stopped at its first ENOBUFS.',
    },
  },
  {
    title: 'netlink, one message one ACK',
    mechanism: 'netlink',
    u2k: { variant: 'acknowledged', send: 'not implemented', receive: 'not implemented' },
    k2u: {
      variant: 'acknowledged',
      send: '1 502',
      receive: '5 601',
      note: "the figures are those of the survey's code; its text leaves the row out.",
    },
  },
  {
    title: 'character device, read/write',
    mechanism: 'chardev',
    u2k: {
      variant: 'write',
      send: '52 405',
      receive: '182',
      note: 'a printk and two more CPUIDs stand inside the window of the write.',
    },
    k2u: { variant: 'direct', ...missing },
  },
  {
    title: 'character device, mmap',
    mechanism: 'chardev',
    u2k: { variant: 'ring', ...blank },
    k2u: { variant: 'ring', ...missing },
  },
  {
    title: 'relay to debugfs',
    mechanism: 'relay',
    u2k: { variant: null, send: 'NOT POSSIBLE', receive: 'NOT POSSIBLE' },
    k2u: {
      variant: 'read',
      send: '158',
      receive: '6 078',
      note: "messages had 99 bytes, not 1024: the loop that fills them ends at the number of messages; and the reader asked every CPU's file in turn, so that nearly all its reads brought nothing.",
    },
  },
  {
    title: 'vfs to pipefs',
    mechanism: 'pipefs',
    u2k: { variant: 'pipe', ...missing },
    k2u: {
      variant: 'pipe',
      send: '4 620',
      receive: '4 622',
      note: 'one loop seen from both its ends: inverse throughput, neither the cost of a call nor a latency.',
    },
  },
];

/** Table 4, user to kernel, or Table 5, kernel to user: medians of both sides' own windows. */
export const cycleTable = (direction: Direction, group: Group): Table => {
  const [sending, receiving] =
    direction === 'u2k' ? ['user sending', 'kernel receiving'] : ['kernel sending', 'user receiving'];
  return {
    header: [
      `${surveyBytes} B`,
      `${sending}, survey (cycles)`,
      `${sending}, ours (${group.unit})`,
      `${receiving}, survey (cycles)`,
      `${receiving}, ours (${group.unit})`,
    ],
    rows: rows.map(({ title, mechanism, [direction]: { variant, send, receive } }) => {
      const [ownSend, ownReceive] =
        variant === null
          ? refusal(group, mechanism, direction)
          : ownFigures(findCase(group.cases, mechanism, direction, variant, surveyBytes));
      return [title, send, ownSend, receive, ownReceive];
    }),
  };
};

const ownFigures = (one: CaseResult | undefined): [string, string] => [
  figure(one?.send?.p50),
  // A receiver that waits in its call has no window of its own: what it adds is in the transit.
  one?.transit && !one.receive ? `transit ${figure(one.transit.p50)}` : figure(one?.receive?.p50),
];

/** What the attempts met, in both cells of the row as in the survey's; the notes say which they were. */
const refusal = (group: Group, mechanism: string, direction: Direction): [string, string] => {
  const shown = attempts(group, mechanism, direction);
  if (shown.length === 0) return [figure(null), figure(null)];
  const cell = shown.every(({ holds }) => holds) ? 'NOT POSSIBLE' : 'NOT POSSIBLE by a call';
  return [cell, cell];
};

const attempts = (group: Group, mechanism: string, direction: Direction) =>
  findingsAbout(group, 'not possible', mechanism).filter((one) => one.direction === direction);

/** Why the survey's figures of one table are not what they say, by row, and what holds for all of them. */
export const cycleNotes = (direction: Direction, group: Group): string[] => [
  ...rows.flatMap(({ title, mechanism, [direction]: { note, variant } }) => [
    ...(note ? [`${title}: ${note}`] : []),
    ...(variant === null
      ? attempts(group, mechanism, direction).map(
          ({ subject, says, holds }) => `${title}: ${subject}${holds ? '' : ' is possible'}: ${says}`,
        )
      : []),
  ]),
  'every figure of the survey: CPUID serialises inside the windows; interrupts and preemption were off while the module loaded, not while it was measured; no warm-up, repetition, spread, pinning, count of losses or empty window; "cycles" are ticks of the TSC; neither kernel nor mitigations are recorded.',
];
