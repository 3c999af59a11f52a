// The survey's five parameters by mechanism: figures where there are any, what was established where there are none.
import type { CaseResult, Distribution } from '../run/results.ts';
import { atSurveySize, findingsAbout, type Group, surveyBytes } from './groups.ts';
import { figure, notMeasured, type Table } from './table.ts';

/** One row a mechanism, short enough to be compared; what stands behind a word is in `parameterDetails`. */
export const parameterTable = (group: Group): Table => ({
  header: [
    'mechanism',
    'event-based signalling',
    'large transfers',
    'latency',
    'extensibility',
    'portability',
  ],
  textColumns: 6,
  rows: mechanismsOf(group).map((mechanism) => {
    const own = {
      ...group,
      cases: group.cases.filter((one) => one.mechanism === mechanism),
      findings: group.findings.filter((one) => one.mechanism === mechanism),
    };
    return [
      mechanism,
      ...[
        signalling(own),
        [...throughput(own), ...limits(own)],
        latency(own),
        outcomes(findingsAbout(own, 'extensibility')),
        outcomes(findingsAbout(own, 'portability')),
      ].map((parts) => parts.join('; ') || notMeasured),
    ];
  }),
});

const mechanismsOf = ({ cases, findings }: Group): string[] => [
  ...new Set([...cases, ...findings].map(({ mechanism }) => mechanism)),
];

/** From the send to the return of a reader that waits in poll, at each such variant's smallest size. */
const signalling = (group: Group): string[] => {
  const measured = group.cases.filter(({ variant, transit }) => isPoll(variant) && transit);
  const smallest = measured.filter((one) =>
    measured.every((other) => nameOf(other) !== nameOf(one) || other.bytes >= one.bytes),
  );
  if (smallest.length > 0)
    return smallest.map((one) => `${figure(one.transit?.p50)} at ${figure(one.bytes)} B (${nameOf(one)})`);
  return findingsAbout(group, 'signalling').map(
    ({ subject, works }) => `${subject}: ${works ? 'works' : 'does not work'}`,
  );
};

/** `poll` as a word of its own: `poll`, `ring-poll`. */
const isPoll = (variant: string): boolean => /(?:^|[^a-z])poll(?:[^a-z]|$)/.test(variant);

/** Its transit ends with the wake-up, before the bytes have been read. */
const isSignalAlone = (variant: string): boolean => isPoll(variant) || variant === 'epoll';

const nameOf = ({ direction, variant }: CaseResult): string => `${direction} ${variant}`;

/**
 * The best over sizes, of cases that bring the bytes to their receiver: one that has one size only says nothing about
 * large transfers.
 */
const throughput = ({ cases, unit }: Group): string[] => {
  const measured = cases.flatMap((one) => {
    const rate = one.throughput.bytesPerTick;
    const hasSizes = cases.some((other) => nameOf(other) === nameOf(one) && other.bytes !== one.bytes);
    return rate === null || !hasSizes || isSignalAlone(one.variant) ? [] : [{ one, rate }];
  });
  const [first, ...others] = measured;
  if (!first || unit === null) return [];
  const { one, rate } = others.reduce((best, next) => (next.rate > best.rate ? next : best), first);
  return [`${rate} B/${unit.replace(/s$/, '')} at ${figure(one.bytes)} B (${nameOf(one)})`];
};

const limits = (group: Group): string[] => [
  ...new Set(
    findingsAbout(group, 'transfer limit').map(({ bytes }) =>
      bytes === null ? 'no limit of its own' : `limit ${figure(bytes)} B`,
    ),
  ),
];

/**
 * Of each direction the transit to a receiver that waits, where the mechanism has one: with the wake-up and the switch, so
 * that mechanisms compare. Else what its spec measures first, since later variants may be there for comparison only: a
 * transit goes before two windows, and those before one. Of what covers the same, a message of the survey's size
 * goes before one of another, so that mechanisms compare here too.
 */
const latency = ({ cases }: Group): string[] =>
  (['u2k', 'k2u', 'u2u'] as const).flatMap((direction) => {
    const measured = atSurveySize(cases).flatMap((one) =>
      one.direction === direction ? latencyOf(one) : [],
    );
    // A stable sort: of one rank and size the first stays first.
    const [first] = measured.toSorted((a, b) => a.rank - b.rank || sizeRank(a) - sizeRank(b));
    return first
      ? [`${direction} ${figure(first.ticks)} ${first.what} at ${figure(first.bytes)} B (${first.variant})`]
      : [];
  });

const sizeRank = ({ bytes }: Latency): number => (bytes === surveyBytes ? 0 : 1);

interface Latency {
  ticks: number;
  what: string;
  /** The lower, the more of a message's way it covers. */
  rank: number;
  bytes: number;
  variant: string;
}

const latencyOf = ({ send, receive, transit, bytes, variant }: CaseResult): Latency[] => {
  const told = (what: string, rank: number, ...columns: Distribution[]): Latency[] => [
    { ticks: columns.reduce((sum, { p50 }) => sum + p50, 0), what, rank, bytes, variant },
  ];
  if (transit && isSignalAlone(variant)) return [];
  if (transit) return told('transit', receive ? 1 : 0, transit);
  if (send && receive) return told('send + receive', 2, send, receive);
  if (send) return told('send', 3, send);
  return receive ? told('receive', 3, receive) : [];
};

const outcomes = (findings: readonly { outcome: string }[]): string[] => [
  ...new Set(findings.map(({ outcome }) => outcome)),
];

/** What the columns are. */
export const parameterNotes: readonly string[] = [
  'event-based signalling: from a send to the return of a reader that waits in poll, with the smallest message; where that was not timed, whether who waits is woken.',
  'large transfers: the most bytes a tick, over all variants and sizes, and the largest message.',
  'latency: in each direction, to a receiver that waits where the mechanism has one.',
  'extensibility, portability: each outcome that was seen, whose tests stand in the tables below.',
];

/** What tests saw of each parameter that is no figure: a table for each, none where nothing was stated. */
export const parameterDetails = (group: Group): { title: string; table: Table }[] =>
  details.flatMap(({ title, header, rows }) => {
    const found = rows(group);
    if (found.length === 0) return [];
    return [
      { title, table: { header: ['mechanism', ...header, 'what was seen'], textColumns: 4, rows: found } },
    ];
  });

const details: readonly { title: string; header: string[]; rows: (group: Group) => string[][] }[] = [
  {
    title: 'Event-based signalling: who is woken',
    header: ['who waits', 'is woken'],
    rows: (group) =>
      findingsAbout(group, 'signalling').map(({ mechanism, subject, works, says }) => [
        mechanism,
        subject,
        works ? 'yes' : 'no',
        says,
      ]),
  },
  {
    title: 'Large transfers: the largest message',
    header: ['of what', 'bytes'],
    rows: (group) =>
      findingsAbout(group, 'transfer limit').map(({ mechanism, subject, bytes, says }) => [
        mechanism,
        subject,
        bytes === null ? 'no limit of its own' : figure(bytes),
        says,
      ]),
  },
  {
    title: 'Extensibility: a message with one more field',
    header: ['between whom', 'outcome'],
    rows: (group) => outcomeRows(findingsAbout(group, 'extensibility')),
  },
  {
    title: 'Validation: what the kernel makes of a malformed request before the module sees it',
    header: ['what is wrong', 'outcome'],
    rows: (group) => outcomeRows(findingsAbout(group, 'validation')),
  },
  {
    title: 'Portability: a 32-bit program against the 64-bit kernel',
    header: ['what crosses', 'outcome'],
    rows: (group) => outcomeRows(findingsAbout(group, 'portability')),
  },
];

const outcomeRows = (
  findings: readonly { mechanism: string; subject: string; outcome: string; says: string }[],
): string[][] => findings.map(({ mechanism, subject, outcome, says }) => [mechanism, subject, outcome, says]);
