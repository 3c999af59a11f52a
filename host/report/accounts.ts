// What more than one table says of accounts. Pure.
import { lostOf } from '../run/accounts.ts';
import type { AccountResult } from '../run/results.ts';
import type { Group } from './groups.ts';
import { figure } from './table.ts';

export type Unit = Group['unit'];

/** Everything that tells two experiments of one cell apart. */
export const accountName = ({
  mechanism,
  direction,
  variant,
  bytes,
  buffer,
  load,
  window,
}: AccountResult): string =>
  [
    `${mechanism} ${direction} ${variant} ${bytes} B`,
    ...(buffer ? [`buffer ${bufferSize(buffer)}`] : []),
    ...(load ? [`period ${load.periodNs} ns`, `service ${load.serviceNs} ns`] : []),
    ...(window === null ? [] : [`window ${window}`]),
  ].join(', ');

/** A variant without its particulars: `window` of `window, 1 % of ACKs dropped`. */
export const kindOf = ({ variant }: Pick<AccountResult, 'variant'>): string => variant.replace(/,.*/s, '');

/** `16,384 B`, `64 messages`, or `1 message`. */
export const bufferSize = ({ size, unit }: NonNullable<AccountResult['buffer']>): string =>
  `${figure(size)} ${unit === 'bytes' ? 'B' : size === 1 ? 'message' : unit}`;

/** From the first sending to the last receiving, by messages that arrived. */
export const ticksPerMessage = ({ ticks, received }: AccountResult): number | null =>
  ticks === null || received === 0 ? null : ticks / received;

/** `12.5 % (125)`, and `0` where nothing is lost. */
export const lossShare = (account: AccountResult): string => {
  const lost = lostOf(account);
  if (lost === 0) return '0';
  const percent = (lost / account.offered) * 100;
  return `${percent < 0.05 ? '< 0.1' : figure(percent)} % (${figure(lost)})`;
};

/** Who learned of what was lost, in numbers of messages: `the sender of 3 (EAGAIN), nobody of 2`. */
export const learners = (accounts: readonly AccountResult[]): string => {
  const losses = accounts.flatMap((account) => account.losses);
  return (['sender', 'receiver', 'nobody'] as const)
    .flatMap((who) => {
      const told = losses.filter(({ learned }) => learned === who);
      if (told.length === 0) return [];
      const errors = [...new Set(told.flatMap(({ error }) => error ?? []))];
      const count = figure(lostOf({ losses: told }));
      const by = errors.length > 0 ? ` (${errors.join(', ')})` : '';
      return [`${who === 'nobody' ? who : `the ${who}`} of ${count}${by}`];
    })
    .join(', ');
};

/** What became of the messages of a whole table, in sentences. */
export const whatBecame = (accounts: readonly AccountResult[], unit: Unit): string =>
  [lossSentence(accounts), ...soonSentences(accounts, unit), wrongSentence(accounts)].join(' ');

const lossSentence = (accounts: readonly AccountResult[]): string => {
  const lost = sum(accounts, lostOf);
  return lost === 0
    ? 'Nothing was lost.'
    : `Of the ${figure(lost)} that were lost, who learned: ${learners(accounts)}.`;
};

/** How soon each side was first told of a loss, from the fewest to the most ticks over the accounts. */
const soonSentences = (accounts: readonly AccountResult[], unit: Unit): string[] => {
  if (unit === null) return [];
  const told = accounts.flatMap(({ notices }) => notices.filter(({ ticks }) => ticks !== null));
  return [...Map.groupBy(told, ({ who, error }) => `The ${who} was first told (${error})`)].map(
    ([start, notices]) => {
      const ticks = notices.map((notice) => notice.ticks ?? 0);
      const [least, most] = [Math.min(...ticks), Math.max(...ticks)];
      return `${start} ${figure(least)}${most > least ? ` to ${figure(most)}` : ''} ${unit} after the first lost message was offered.`;
    },
  );
};

const wrongSentence = (accounts: readonly AccountResult[]): string => {
  const wrong = [
    ['delivered twice', sum(accounts, ({ duplicated }) => duplicated)],
    ['with a wrong checksum', sum(accounts, ({ corrupted }) => corrupted)],
    ['out of order', sum(accounts, ({ reordered }) => reordered)],
  ] as const;
  return wrong.every(([, count]) => count === 0)
    ? 'None was delivered twice, damaged or out of order.'
    : `Of those delivered: ${wrong.map(([what, count]) => `${figure(count)} ${what}`).join(', ')}.`;
};

const sum = (accounts: readonly AccountResult[], of: (account: AccountResult) => number): number =>
  accounts.reduce((total, account) => total + of(account), 0);
