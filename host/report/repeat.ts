// Two runs of one plan: which figures came out otherwise. Pure.
import type { CaseResult, Results } from '../run/results.ts';

/** A figure that two runs do not share. Null where a run does not have it at all. */
export interface Difference {
  /** `6.12 instructions pipe u2u blocking 1024 B`. */
  case: string;
  /** `send p99`, or `stream mean`. */
  figure: string;
  first: number | null;
  second: number | null;
}

const columns = ['send', 'receive', 'transit'] as const;

/** The figures that a repetition must give to the last digit. */
export const exactFigures = columns.flatMap((column) => [`${column} p50`, `${column} p90`]);

/** Every figure of either run's cases that the other has otherwise, in the order of the first run. */
export const differences = (first: Results, second: Results): Difference[] => {
  const [a, b] = [figuresOf(first), figuresOf(second)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.flatMap((name) => {
    const [one, two] = [a.get(name) ?? new Map<string, number>(), b.get(name) ?? new Map<string, number>()];
    const figures = [...new Set([...one.keys(), ...two.keys()])];
    return figures
      .filter((figure) => one.get(figure) !== two.get(figure))
      .map((figure) => ({
        case: name,
        figure,
        first: one.get(figure) ?? null,
        second: two.get(figure) ?? null,
      }));
  });
};

const figuresOf = ({ cells }: Results): Map<string, Map<string, number>> =>
  new Map(
    cells.flatMap(({ kernel, lens, cases }) =>
      cases.map((one): [string, Map<string, number>] => [
        `${kernel} ${lens} ${one.mechanism} ${one.direction} ${one.variant} ${one.bytes} B`,
        figuresOfCase(one),
      ]),
    ),
  );

const figuresOfCase = (one: CaseResult): Map<string, number> => {
  const figures = new Map<string, number>();
  for (const column of columns) {
    const spread = one[column];
    if (spread)
      for (const rank of ['p50', 'p90', 'p99'] as const) figures.set(`${column} ${rank}`, spread[rank]);
  }
  if (one.stream) figures.set('stream mean', one.stream.mean);
  return figures;
};
