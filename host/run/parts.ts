// Which guests a cell needs: one for the tests that share a kernel, and one for each that must not. Pure.
import type { HostMessage } from '../../guest/protocol/messages.ts';
import type { SpecFile } from '../guest-build/spec.ts';
import type { Verdict } from './outcome.ts';
import type { CellOutcome } from './results.ts';

/** What one guest of a cell runs. */
export interface Part {
  /** Titles, as results name tests. */
  titles: string[];
  tests: (HostMessage & { type: 'run-spec' })['tests'];
}

/** The shared guest comes first; a spec of isolated tests alone has none. */
export const partsOf = ({ titles, isolated }: Pick<SpecFile, 'titles' | 'isolated'>): Part[] => {
  const shared = titles.filter((title) => !isolated.includes(title));
  const own = isolated.map(
    (title): Part => ({
      titles: [title],
      tests: { only: fullName(title), except: titles.filter((other) => other !== title).map(fullName) },
    }),
  );
  if (shared.length === 0 && own.length > 0) return own;
  return [{ titles: shared, tests: { only: null, except: isolated.map(fullName) } }, ...own];
};

/** As node:test matches it: with spaces between a suite's title and its test's. */
const fullName = (title: string): string => title.replaceAll(' › ', ' ');

/** From the gravest: a dead kernel explains more than a failed test. */
const gravity: readonly CellOutcome[] = [
  'panicked',
  'oopsed',
  'crashed',
  'hung',
  'boot-failed',
  'infrastructure',
  'load-failed',
  'failed',
];

/** The parts' verdicts as one: all their tests, and the gravest of what went wrong. */
export const combined = (parts: readonly Verdict[]): Verdict => {
  const tests = parts.flatMap((part) => part.tests);
  const [first] = parts;
  const decisive = parts
    .filter(({ outcome }) => gravity.includes(outcome))
    .toSorted((a, b) => gravity.indexOf(a.outcome) - gravity.indexOf(b.outcome))[0];
  if (decisive) return { ...decisive, tests };
  const passed = parts.find(({ outcome }) => outcome === 'passed');
  return passed || !first ? { outcome: 'passed', tests } : { ...first, tests };
};
