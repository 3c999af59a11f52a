// What tests have found to be otherwise on one kernel than on another. Pure.
import { directionOf, findingKey, sideOf } from '../../guest/protocol/finding-key.ts';
import type { Finding } from '../../guest/protocol/messages.ts';
import type { Table } from './table.ts';

/** What was found on one kernel. */
export interface KernelFindings {
  release: string;
  findings: readonly Finding[];
}

/**
 * Each thing that two kernels were found to do differently, a row for each way of doing it. A kernel on which it was not
 * found out, since the spec does not run there or the test failed, stands in no row.
 */
export const behaviourTable = (kernels: readonly KernelFindings[]): Table => {
  const keys = new Set(kernels.flatMap(({ findings }) => findings.map(findingKey)));
  return {
    header: ['mechanism', 'what', 'on', 'was seen'],
    textColumns: 4,
    rows: [...keys].flatMap((key) => {
      const stated = kernels.flatMap(({ release, findings }) => {
        const own = findings.filter((one) => findingKey(one) === key);
        const [finding] = own;
        return finding === undefined ? [] : [{ release, finding, ways: new Set(own.map(seen)) }];
      });
      const [first] = stated;
      // Two specs may say one thing in different words; what all kernels were found to do is no difference.
      if (!first || [...first.ways].some((way) => stated.every(({ ways }) => ways.has(way)))) return [];
      const groups = Map.groupBy(stated, ({ ways }) => [...ways].sort().join(' / '));
      return [...groups].map(([ways, same]) => [
        first.finding.mechanism,
        subjectOf(first.finding),
        same.map(({ release }) => release).join(', '),
        ways,
      ]);
    }),
  };
};

/** `boundary: write (u2k), one more`. */
const subjectOf = (finding: Finding): string => {
  const direction = directionOf(finding);
  const of = [`${finding.about}: ${finding.subject}`, ...(direction === null ? [] : [`(${direction})`])];
  return [of.join(' '), sideOf(finding) ?? []].flat().join(', ');
};

/** What was found, in the words of its fields. */
const seen = (finding: Finding): string => {
  const { about: _, mechanism: __, subject: ___, says, ...rest } = finding;
  const found = Object.entries(rest).flatMap(([name, value]) => {
    if (['direction', 'size', 'of'].includes(name)) return [];
    if (typeof value === 'boolean') return [`${name}: ${value ? 'yes' : 'no'}`];
    return [name === 'outcome' ? String(value) : `${name}: ${value ?? 'none'}`];
  });
  return [...found, says].join('; ');
};
