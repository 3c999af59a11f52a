// Two runs of one plan: which figures came out otherwise. Pure.
import { lostOf } from '../run/accounts.ts';
import { unused } from '../run/outcome.ts';
import type { AccountResult, CaseResult, Results } from '../run/results.ts';
import { accountName, kindOf } from './accounts.ts';
import { figure, notMeasured, renderTable, type Table } from './table.ts';

/** A figure that two runs do not share. Null where a run does not have it at all. */
export interface Difference {
  /** `6.12 instructions pipe u2u blocking 1024 B`; of an account `6.12 instructions account of netlink …`. */
  case: string;
  /** Of an account the experiments that it is one of, `6.12 instructions netlink k2u unicast`. Null of a case. */
  series: string | null;
  /** `send p99`, `stream mean`; of an account `received`, `loss 3`. */
  figure: string;
  first: Value | null;
  second: Value | null;
}

type Value = number | string;
type Figures = Map<string, Value>;

/** What one case or account has. */
interface Entry {
  series: string | null;
  figures: Figures;
}

const columns = ['send', 'receive', 'transit'] as const;

const counts = ['offered', 'received', 'duplicated', 'corrupted', 'reordered'] as const;

const exactFigures: readonly string[] = [
  ...columns.flatMap((column) => [`${column} p50`, `${column} p90`]),
  ...counts,
  'lost',
];

/** Whether a repetition must give this figure to the last digit: p50, p90, and what became of each message. */
export const mustRepeat = ({ figure: name }: Pick<Difference, 'figure'>): boolean =>
  exactFigures.includes(name) || isLoss(name);

/**
 * Every figure of either run's cases and accounts that the other has otherwise, in the order of the first run. Of an
 * account's losses the first one that differs: those behind it are often the same ones, moved.
 */
export const differences = (first: Results, second: Results): Difference[] => {
  const [a, b] = [entriesOf(first), entriesOf(second)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.flatMap((name) => {
    const [one, two] = [a, b].map((run) => run.get(name)?.figures ?? new Map()) as [Figures, Figures];
    const series = (a.get(name) ?? b.get(name))?.series ?? null;
    const figures = [...new Set([...one.keys(), ...two.keys()])].filter(
      (figure) => one.get(figure) !== two.get(figure),
    );
    const firstLoss = figures.find(isLoss);
    return figures
      .filter((figure) => !isLoss(figure) || figure === firstLoss)
      .map((figure) => ({
        case: name,
        series,
        figure,
        first: one.get(figure) ?? null,
        second: two.get(figure) ?? null,
      }));
  });
};

/**
 * The differences as a section of a page: what a repetition gave otherwise is said, and not hidden. Ticks of accounts differ
 * in hundreds, by the timer ticks that fall into them: each series of experiments has one line. All others are listed.
 */
export const repetitionSection = (found: readonly Difference[]): string => {
  const ticks = found.filter(isOfTicks);
  const others = found.filter((one) => !isOfTicks(one));
  return [
    '## What the second run gave otherwise',
    'Every cell ran twice, each time in a fresh boot. The figures above, and those of [reliability](reliability.md), are of the first run.',
    ...(found.length === 0 ? ['Nothing: both runs have the same figures.'] : []),
    ...(found.length > 0 && !found.some(mustRepeat)
      ? ['Both runs have the same medians and ninetieth percentiles, and the same became of every message.']
      : []),
    ...(others.length > 0 ? ['### Single figures', renderTable(singly(others))] : []),
    ...(ticks.length > 0
      ? [
          '### Ticks of reliability experiments',
          'A line is of all experiments of that name, whatever their buffer, load and window: how many have the figure otherwise, and the largest difference, as a share of the larger value, with both values.',
          renderTable(folded(ticks)),
        ]
      : []),
  ].join('\n\n');
};

const singly = (found: readonly Difference[]): Table => ({
  header: ['case', 'figure', 'first run', 'second run'],
  textColumns: 2,
  rows: found.map(({ case: name, figure: which, first, second }) => [
    name,
    which,
    shown(first),
    shown(second),
  ]),
});

const folded = (found: readonly OfTicks[]): Table => ({
  header: ['experiments', 'figure', 'how many differ', 'largest difference', 'first run', 'second run'],
  textColumns: 2,
  rows: [...Map.groupBy(found, ({ series, figure: which }) => JSON.stringify([series, which])).values()].map(
    (own) => {
      const largest = own.reduce((most, next) => (relative(next) > relative(most) ? next : most));
      return [
        largest.series,
        largest.figure,
        figure(own.length),
        percent(relative(largest)),
        shown(largest.first),
        shown(largest.second),
      ];
    },
  ),
});

/** Of an account's ticks, where both runs have them. */
interface OfTicks extends Difference {
  series: string;
  first: number;
  second: number;
}

const isOfTicks = (one: Difference): one is OfTicks =>
  one.series !== null &&
  one.figure.startsWith('ticks') &&
  typeof one.first === 'number' &&
  typeof one.second === 'number';

/** Two values that differ are not both 0. */
const relative = ({ first, second }: OfTicks): number =>
  Math.abs(first - second) / Math.max(Math.abs(first), Math.abs(second));

/** Most are far below one in a thousand: two digits, wherever they begin. */
const percent = (share: number): string =>
  `${(share * 100).toLocaleString('en-US', { maximumSignificantDigits: 2 })} %`;

const shown = (value: Value | null): string =>
  value === null ? notMeasured : typeof value === 'number' ? figure(value) : value;

const entriesOf = ({ cells }: Results): Map<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (const { kernel, lens, cases, accounts } of cells) {
    for (const one of cases)
      entries.set(`${kernel} ${lens} ${one.mechanism} ${one.direction} ${one.variant} ${one.bytes} B`, {
        series: null,
        figures: figuresOfCase(one),
      });
    // Two tests may give an account of one name: neither is left out.
    for (const one of accounts)
      entries.set(unused(`${kernel} ${lens} account of ${accountName(one)}`, entries), {
        series: `${kernel} ${lens} ${one.mechanism} ${one.direction} ${kindOf(one)}`,
        figures: figuresOfAccount(one),
      });
  }
  return entries;
};

const figuresOfCase = (one: CaseResult): Figures => {
  const figures: Figures = new Map();
  for (const column of columns) {
    const spread = one[column];
    if (spread)
      for (const rank of ['p50', 'p90', 'p99'] as const) figures.set(`${column} ${rank}`, spread[rank]);
  }
  if (one.stream) figures.set('stream mean', one.stream.mean);
  return figures;
};

const figuresOfAccount = (one: AccountResult): Figures => {
  const figures: Figures = new Map();
  for (const count of counts) figures.set(count, one[count]);
  figures.set('lost', lostOf(one));
  for (const [index, { first, count, learned, error }] of one.losses.entries())
    figures.set(lossName(index), `${count} from ${first} on, told: ${learned}${error ? ` (${error})` : ''}`);
  figures.set('sent again', one.repeated);
  figures.set('recognised', one.recognised);
  for (const { who, error, count, ticks } of one.notices) {
    figures.set(`${error} to the ${who}`, count);
    if (ticks !== null) figures.set(`ticks to the first ${error} to the ${who}`, ticks);
  }
  if (one.ticks !== null) figures.set('ticks', one.ticks);
  return figures;
};

const lossName = (index: number): string => `loss ${index + 1}`;

const isLoss = (name: string): boolean => /^loss \d+$/.test(name);
