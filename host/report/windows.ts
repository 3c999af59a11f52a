// Closed loop: a sender that waits for acknowledgements, what that costs, and which window is best. Pure.
import { lostOf } from '../run/accounts.ts';
import type { AccountResult } from '../run/results.ts';
import { kindOf, lossShare, ticksPerMessage, type Unit, whatBecame } from './accounts.ts';
import type { Group } from './groups.ts';
import type { Part } from './section.ts';
import { figure, type Table } from './table.ts';

type Accounts = Pick<Group, 'accounts' | 'unit'>;

/** The same messages without any acknowledgement: what a window's price is compared with. */
const isRaw = ({ variant, load, window }: AccountResult): boolean =>
  variant === 'raw' && load === null && window === null;

/** What the tables of Figures 2 and 3 show beside windows of the same messages. */
export const isBesideWindows = (one: AccountResult, accounts: readonly AccountResult[]): boolean =>
  isRaw(one) && accounts.some((other) => other.window !== null && wayOf(other) === wayOf(one));

/** Figure 2: one message may be unacknowledged. A table for each mechanism, direction and size. */
export const stopAndWait = (group: Accounts): Part[] =>
  closedLoops(group, (one) => one.window === 1, [whatBecame]);

/** Figure 3: the variants that were tried with more than one window. */
export const fixedWindow = (group: Accounts): Part[] => {
  const series = new Set(group.accounts.filter(({ window }) => (window ?? 0) > 1).map(seriesOf));
  return closedLoops(group, (one) => one.window !== null && series.has(seriesOf(one)), [
    windowsSay,
    whatBecame,
  ]);
};

type Says = (accounts: readonly AccountResult[], unit: Unit) => string;

const closedLoops = (
  { accounts, unit }: Accounts,
  isShown: (account: AccountResult) => boolean,
  says: readonly Says[],
): Part[] =>
  [...Map.groupBy(accounts, wayOf)].flatMap(([title, own]) => {
    const shown = own.filter(isShown).toSorted(faultlessFirst);
    if (shown.length === 0) return [];
    return [
      {
        title,
        table: loopTable([...own.filter(isRaw), ...shown], unit),
        says: says.map((say) => say(shown, unit)),
      },
    ];
  });

const wayOf = ({ mechanism, direction, bytes }: AccountResult): string =>
  `${mechanism} ${direction}, ${figure(bytes)} B`;

const seriesOf = (one: AccountResult): string => `${wayOf(one)} ${one.variant}`;

/** Whether nothing was broken on purpose: a variant names what was, as in `window, 1 % of ACKs dropped`. */
const isFaultless = ({ variant }: AccountResult): boolean => !variant.includes(',');

/** Then by window; of one window in their order, since a sort is stable. */
const faultlessFirst = (a: AccountResult, b: AccountResult): number =>
  Number(isFaultless(b)) - Number(isFaultless(a)) || (a.window ?? 0) - (b.window ?? 0);

/** Without a column for ticks in a lens that publishes none. */
const loopTable = (accounts: readonly AccountResult[], unit: Unit): Table => ({
  header: [
    'variant',
    'window',
    'offered',
    'received',
    'lost',
    'sent again',
    'recognised duplicates',
    ...(unit === null ? [] : [`${unit} a message`]),
  ],
  rows: accounts.map((one) => [
    one.variant,
    figure(one.window),
    figure(one.offered),
    figure(one.received),
    lossShare(one),
    figure(one.repeated),
    figure(one.recognised),
    ...(unit === null ? [] : [figure(ticksPerMessage(one))]),
  ]),
});

const windowsSay: Says = (accounts, unit) =>
  [
    unit === null
      ? 'This lens publishes no ticks, by which a best window could be named.'
      : bestSays(accounts, unit),
    overrunSays(accounts),
  ].join(' ');

const bestSays = (accounts: readonly AccountResult[], unit: NonNullable<Unit>): string => {
  const best = bestWindow(accounts);
  return best
    ? `The best window is ${figure(best.window)}: ${figure(ticksPerMessage(best))} ${unit} a message, the fewest without a loss or an overrun.`
    : 'No window was timed that neither lost a message nor overran.';
};

/** The one with the fewest ticks a message, of those that neither lost one nor overran; the smaller of two alike. */
const bestWindow = (accounts: readonly AccountResult[]): AccountResult | undefined =>
  accounts
    .filter((one) => one.window !== null && isFaultless(one) && lostOf(one) === 0 && !overran(one))
    .filter((one) => ticksPerMessage(one) !== null)
    .toSorted(
      (a, b) => (ticksPerMessage(a) ?? 0) - (ticksPerMessage(b) ?? 0) || (a.window ?? 0) - (b.window ?? 0),
    )
    .at(0);

/** Whether more was sent than the buffer held: a side was told so, or what was sent had to be sent again. */
const overran = ({ notices, repeated }: AccountResult): boolean => notices.length > 0 || repeated > 0;

const overrunSays = (accounts: readonly AccountResult[]): string => {
  const [first] = accounts.filter((one) => isFaultless(one) && overran(one)).toSorted(faultlessFirst);
  if (!first) return 'None overran.';
  const told = first.notices.map(({ who, error, count }) => `${error} to the ${who}: ${figure(count)}`);
  return `The first that overran is ${figure(first.window)} (${[...told, `sent again: ${figure(first.repeated)}`].join(', ')}).`;
};

/**
 * What it costs to lose nothing, by messages of one size: raw, with an acknowledgement for each, and with the best window.
 * Empty where that is not known.
 */
export const costOfAcknowledging = (accounts: readonly AccountResult[]): string =>
  costs(accounts, [ofEach, ofBestWindow]);

/** Whether messages were sent in a way of this name that waits for acknowledgements: `window`, `stop-and-wait`. */
export const isClosedLoop = (accounts: readonly AccountResult[], way: string): boolean =>
  accounts.some((one) => isOfWay(one, way));

/**
 * The same of one such way: of the best window, or, where it never has more than one message unacknowledged, of an
 * acknowledgement for each, in whatever variant that was timed without a fault.
 */
export const costOfClosedLoop = (accounts: readonly AccountResult[], way: string): string => {
  const tried = accounts.filter((one) => isOfWay(one, way));
  const sizes = new Set(tried.map(({ bytes }) => bytes));
  return costs(
    accounts.filter(({ bytes }) => sizes.has(bytes)),
    [tried.every(({ window }) => window === 1) ? ofEach : (own) => ofBestWindow(own) ?? ofEach(own)],
  );
};

const isOfWay = (one: AccountResult, way: string): boolean => one.window !== null && kindOf(one) === way;

/** A price by the account that has it, of messages of one size; undefined where none has. */
type Price = (accounts: readonly AccountResult[]) => { account: AccountResult; name: string } | undefined;

const ofEach: Price = (accounts) => {
  const account = accounts.find((one) => one.window === 1 && isFaultless(one));
  return account && { account, name: 'with an ACK for each' };
};

/** None where the best window is that of an acknowledgement for each. */
const ofBestWindow: Price = (accounts) => {
  const account = bestWindow(accounts);
  return account && account.window !== 1
    ? { account, name: `with a window of ${figure(account.window)}` }
    : undefined;
};

const costs = (accounts: readonly AccountResult[], prices: readonly Price[]): string =>
  [...Map.groupBy(accounts, ({ bytes }) => `${figure(bytes)} B`)]
    .flatMap(([size, own]) => {
      const [raw] = own.filter(isRaw).flatMap((one) => ticksPerMessage(one) ?? []);
      if (!raw) return [];
      const closed = prices.flatMap((price) => {
        const found = price(own);
        const ticks = found && ticksPerMessage(found.account);
        return ticks ? [`${figure(ticks)} ${found.name} (${(ticks / raw).toFixed(2)} times)`] : [];
      });
      return closed.length > 0 ? [`${size}: ${[`${figure(raw)} raw`, ...closed].join(', ')}`] : [];
    })
    .join('; ');

/** What to know before reading Figure 2. */
export const acknowledgementNotes: readonly string[] = [
  'Raw are the same messages without an acknowledgement, which the others are compared with. A window is how many messages may be unacknowledged: with one, each is sent when the one before is acknowledged. A variant names what of the acknowledgements was broken on purpose.',
  'Offered counts each message once, however often it was sent; sent again are the transmissions after the first, and a recognised duplicate is one that came again and was not delivered again.',
  'Ticks a message are from the first sending to the last receiving, divided by the messages received. Where a fault is injected they hold the waiting for the timer.',
];

/** What to know before reading Figure 3. */
export const windowNotes: readonly string[] = [
  'A window overran where a side was told that something did not fit, or a message was sent again though no fault was injected.',
];
