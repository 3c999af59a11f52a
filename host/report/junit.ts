// A run as JUnit XML: a suite per cell, its tests as cases. The format has no standard; this is what CI services have in common.
import XmlBuilder from 'fast-xml-builder';
import type { CellResult, Results, TestResult } from '../run/results.ts';
import { isGood } from './outcomes.ts';
import { oneLine, plainText } from './plain-text.ts';
import { type Problem, problemsOf, testProblem } from './problems.ts';
import { inRepository, type SourcePlaces, specInRepository } from './source-places.ts';

const builder = new XmlBuilder({
  attributeNamePrefix: '@',
  ignoreAttributes: false,
  suppressBooleanAttributes: false,
  suppressEmptyNode: true,
  format: true,
});

/** The whole document. Well-formed whatever was printed: characters that XML does not allow are U+FFFD. */
export const junitReport = ({ run, cells }: Results, places: SourcePlaces): string => {
  const suites = cells.map((cell) => suite(cell, places));
  const cases = suites.flatMap(({ testcase }) => testcase);
  const ms = cells.reduce((total, cell) => total + cell.ms, 0);
  return builder.build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    testsuites: { ...counts(`ringcross ${run}`, cases, ms), testsuite: suites },
  });
};

/** It passed unless it holds `error`, which is the kernel or the machinery, `failure`, an assertion, or `skipped`. */
interface Case {
  '@name': string;
  '@classname': string;
  '@time': string;
  '@file'?: string;
  '@line'?: number;
  error?: ProblemElement;
  failure?: ProblemElement;
  skipped?: { '@message': string };
  'system-out'?: string;
}

interface ProblemElement {
  '@message': string;
  '@type': string;
  '#text': string;
}

const suite = (cell: CellResult, places: SourcePlaces) => {
  const { kernel, release, lens, spec, outcome, tests, ms } = cell;
  const cases = tests.map((test) => testCase(test, cell, places));
  const testcase = [...cases, ...wholeCase(cell, places)];
  return {
    ...counts(`${kernel}-${lens}-${spec}`, testcase, ms),
    properties: {
      property: Object.entries({ kernel, release: release ?? 'unknown', lens, spec, outcome }).map(
        ([name, value]) => ({ '@name': name, '@value': value }),
      ),
    },
    testcase,
  };
};

const counts = (name: string, cases: readonly Case[], ms: number) => ({
  '@name': name,
  '@tests': cases.length,
  '@failures': cases.filter(({ failure }) => failure).length,
  '@errors': cases.filter(({ error }) => error).length,
  '@skipped': cases.filter(({ skipped }) => skipped).length,
  '@time': seconds(ms),
});

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const testCase = (test: TestResult, cell: CellResult, places: SourcePlaces): Case => {
  const problem = testProblem(test, cell);
  return {
    '@name': oneLine(test.title),
    '@classname': className(cell),
    '@time': seconds(test.ms),
    ...(problem ? problemParts(problem, cell, places) : {}),
    ...(test.outcome === 'skipped' ? skipped(test.reason) : {}),
    ...(test.output ? { 'system-out': plainText(test.output) } : {}),
  };
};

/** The case of a cell of which no test tells what became of it: a service counts only cases. */
const wholeCase = (cell: CellResult, places: SourcePlaces): Case[] => {
  const [problem] = problemsOf(cell).filter(({ test }) => test === null);
  if (!problem && !(isGood(cell.outcome) && cell.tests.length === 0)) return [];
  return [
    {
      '@name': 'the spec as a whole',
      '@classname': className(cell),
      '@time': seconds(0),
      ...(problem ? problemParts(problem, cell, places) : skipped(cell.reason)),
    },
  ];
};

// Services make a tree of a class name's dots; a kernel's name has dots of its own.
const className = ({ kernel, lens, spec }: CellResult): string =>
  `${kernel.replaceAll('.', '_')}.${lens}.${spec}`;

const skipped = (reason = ''): Pick<Case, 'skipped'> => ({ skipped: { '@message': oneLine(reason) } });

const problemParts = (
  { outcome, type, message, text, position }: Problem,
  { spec }: CellResult,
  places: SourcePlaces,
): Pick<Case, '@file' | '@line' | 'error' | 'failure'> => {
  const file = position ? inRepository(places, position.file) : specInRepository(places, spec);
  const element = { '@message': oneLine(message), '@type': type, '#text': plainText(text) };
  return {
    ...(file === null ? {} : { '@file': file }),
    ...(position ? { '@line': position.line } : {}),
    [outcome === 'failed' ? 'failure' : 'error']: element,
  };
};
