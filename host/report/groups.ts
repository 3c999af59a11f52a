// Which cells' figures may stand in one table. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../guest/protocol/messages.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { type Lens, lensRecords } from '../../vm/lens.ts';
import type { AccountResult, CaseResult, Results } from '../run/results.ts';

/** All cells of one kernel through one lens. */
export interface Group {
  kernel: string;
  release: string;
  lens: Lens;
  /** What a tick counts; null in a lens whose ticks are not published: there are findings, but no figures. */
  unit: 'cycles' | 'instructions' | null;
  cases: CaseResult[];
  findings: Finding[];
  accounts: AccountResult[];
}

/**
 * The groups of a run, in the order of its cells; those without a figure, a finding and an account are left out.
 * Errors: USAGE where a cell has figures of another lens, as in results that were put together by hand.
 */
export const groupsOf = ({ cells }: Results): Group[] => {
  const found = new Map<string, Group>();
  for (const { kernel, release, lens, spec, cases, findings, accounts } of cells) {
    const { unit } = lensRecords[lens];
    const foreign = cases.find((one) => one.unit !== unit);
    if (foreign)
      throw new RingcrossError(
        'USAGE',
        `expected figures in ${unit ?? 'no unit'} from ${kernel} ${lens} ${spec}, but ${foreign.mechanism} ${foreign.direction} ${foreign.variant} is in ${foreign.unit ?? 'none'}: figures of two lenses do not share a table`,
      );
    const key = `${kernel} ${lens}`;
    const group = found.get(key) ?? {
      kernel,
      release: release ?? kernel,
      lens,
      unit,
      cases: [],
      findings: [],
      accounts: [],
    };
    found.set(key, group);
    group.cases.push(...cases);
    group.accounts.push(...accounts);
    // Two specs may establish the same of one mechanism.
    for (const one of findings)
      if (!group.findings.some((earlier) => isDeepStrictEqual(earlier, one))) group.findings.push(one);
  }
  return [...found.values()].filter(
    ({ unit, cases, findings, accounts }) =>
      findings.length > 0 || accounts.length > 0 || (unit !== null && cases.length > 0),
  );
};

/** Findings about one thing, of one mechanism or of all. */
export const findingsAbout = <About extends Finding['about']>(
  { findings }: Pick<Group, 'findings'>,
  about: About,
  mechanism?: string,
): Extract<Finding, { about: About }>[] =>
  findings.filter(
    (one): one is Extract<Finding, { about: About }> =>
      one.about === about && (mechanism === undefined || one.mechanism === mechanism),
  );

/** The size of the survey's messages, bytes. */
export const surveyBytes = 1024;

/** One case of each mechanism, direction and variant: at the survey's size where it has that, else at its smallest. */
export const atSurveySize = (cases: readonly CaseResult[]): CaseResult[] =>
  cases.filter((one) => {
    const sizes = cases.filter((other) => seriesOf(other) === seriesOf(one)).map(({ bytes }) => bytes);
    return one.bytes === (sizes.includes(surveyBytes) ? surveyBytes : Math.min(...sizes));
  });

const seriesOf = ({ mechanism, direction, variant }: CaseResult): string =>
  `${mechanism} ${direction} ${variant}`;

/** The case of exactly that name and size. */
export const findCase = (
  cases: readonly CaseResult[],
  mechanism: string,
  direction: CaseResult['direction'],
  variant: string,
  bytes: number,
): CaseResult | undefined =>
  cases.find((one) => seriesOf(one) === `${mechanism} ${direction} ${variant}` && one.bytes === bytes);
