// What is written is read by a TAP parser, level by level: KTAP's levels are indented by two spaces, which TAP's are not.
import { join } from 'node:path';
import test from 'ava';
import { Parser } from 'tap-parser';
import type { CellResult, Results } from '../run/results.ts';
import { ktapReport } from './ktap.ts';
import { readRun } from './write.ts';

const mixed = await readRun(join(import.meta.dirname, 'fixtures/mixed-run'));

interface Line {
  isOk: boolean;
  name: string;
  /** Null where it was not skipped. */
  skip: string | null;
  /** What stood before it: the text of its diagnostics. */
  says: string[];
  within: Line[];
}

/** One level of KTAP. Throws where it has no version, or TAP finds a fault: a wrong number, a plan that does not hold. */
const parseLevel = (lines: readonly string[]): Line[] => {
  if (lines[0] !== 'KTAP version 1') throw new Error(`expected a version line, got ${lines[0]}`);
  const found: Line[] = [];
  let says: string[] = [];
  const within = nestedBlocks(lines);
  for (const [event, told] of Parser.parse(own(lines).slice(1).join('\n'))) {
    if (event === 'extra') throw new Error(`expected a line of KTAP, got ${told}`);
    if (event === 'comment') says.push(told.trimEnd());
    if (event === 'assert') {
      const block = within[found.length] ?? [];
      found.push({
        isOk: told.ok,
        name: told.name,
        skip: typeof told.skip === 'string' ? told.skip : null,
        says,
        within: block.length > 0 ? parseLevel(block) : [],
      });
      says = [];
    }
    if (event === 'complete' && (told.plan.end ?? 0) !== found.length)
      throw new Error(`expected as many tests as planned, got ${JSON.stringify(told)}`);
    if (event === 'complete' && told.failures.some((one: { tapError: string | null }) => one.tapError))
      throw new Error(`expected TAP without faults, got ${JSON.stringify(told.failures)}`);
  }
  return found;
};

const isNested = (line: string): boolean => line.startsWith('  ');

const own = (lines: readonly string[]): string[] => lines.filter((line) => !isNested(line));

/** What is indented before each result of a level. */
const nestedBlocks = (lines: readonly string[]): string[][] => {
  const blocks: string[][] = [[]];
  for (const line of lines)
    if (isNested(line)) blocks.at(-1)?.push(line.slice(2));
    else if (/^(not )?ok /.test(line)) blocks.push([]);
  return blocks;
};

const parse = (results: Results): Line[] =>
  parseLevel(ktapReport(results, mixed.manifest).trimEnd().split('\n'));

const changed = (spec: string, changes: Partial<CellResult>): Results => ({
  ...mixed.results,
  cells: mixed.results.cells.filter((cell) => cell.spec === spec).map((cell) => ({ ...cell, ...changes })),
});

const lineOf = (spec: string): Line => {
  const line = parse(mixed.results).find(({ name }) => name.startsWith(`6.12-emulated-${spec}`));
  if (!line) throw new Error(`no line of ${spec}`);
  return line;
};

test('there is a test for each cell, and within it one for each of its tests', (t) => {
  const lines = parse(mixed.results);
  const bare = (name: string) => name.replace(/ # .*/, '').replaceAll('\uFF03', '#');
  t.deepEqual(
    lines.map(({ name, within }) => [bare(name), within.map((one) => bare(one.name))]),
    mixed.results.cells.map(({ kernel, lens, spec, tests }) => [
      `${kernel}-${lens}-${spec}`,
      tests.map(({ title }) => title),
    ]),
  );
});

test('ok is what passed or was skipped, on both levels', (t) => {
  const isOk = (outcome: string) => outcome === 'passed' || outcome === 'skipped';
  t.deepEqual(
    parse(mixed.results).map((line) => [line.isOk, line.within.map((one) => one.isOk)]),
    mixed.results.cells.map(({ outcome, tests }) => [isOk(outcome), tests.map((one) => isOk(one.outcome))]),
  );
});

test('who was skipped says why', (t) => {
  t.is(lineOf('needs-more').skip, 'needs CONFIG_NO_SUCH_THING, which kernel 6.12 does not have');
  t.deepEqual(lineOf('needs-more').within, []);
  t.is(lineOf('passes').within[1]?.skip, 'no such device in this guest');
});

test('what hung has timed out, and what died is an error, as KTAP words them', (t) => {
  t.true(lineOf('never-ends').name.endsWith(' # TIMEOUT nothing happened for 20 s'));
  t.true(lineOf('never-ends').within[0]?.name.endsWith(' # TIMEOUT nothing happened for 20 s'));
  t.regex(lineOf('kernel-panics').name, / # ERROR panicked: .*sysrq triggered crash$/);
  t.regex(lineOf('no-boot').name, / # ERROR boot-failed: BOOT_FAILED: /);
});

test('an error stands before its test, with its position and cause, and the console before its cell', (t) => {
  const [, inSpec, , withCause] = lineOf('fails').within;
  t.true(inSpec?.says.some((line) => line.includes('(specs/fails.spec.ts:9:10)')));
  t.true(inSpec?.says.includes('# said <before> it failed ]]> twice ]]>'));
  t.true(withCause?.says.some((line) => line.startsWith('# cause: AssertionError')));
  t.true(lineOf('kernel-panics').says.some((line) => line.includes('sysrq_handle_crash')));
});

test('nothing that was printed can be taken for a result', (t) => {
  const output = 'ok 1 forged\nnot ok 2 forged\n1..9\nKTAP version 1\n  ok 3 forged\r\nBail out!';
  const results = changed('passes', {
    outcome: 'failed',
    reason: '3 # SKIP not so',
    log: output.split('\n'),
    tests: [
      {
        title: 'one\n# SKIP not so',
        outcome: 'failed',
        ms: 1,
        error: { name: 'E', message: output },
        output,
      },
    ],
  });
  const [cell, ...others] = parse(results);
  t.deepEqual(others, []);
  t.false(cell?.isOk);
  t.is(cell?.skip, null);
  t.deepEqual(
    cell?.within.map(({ name, isOk, skip }) => [name, isOk, skip]),
    [['one', false, null]],
  );
});

test('a run without cells is a plan of none', (t) => {
  t.deepEqual(parse({ ...mixed.results, cells: [] }), []);
});
