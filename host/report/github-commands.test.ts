// What is written is read back as GitHub's runner does it.
import { join } from 'node:path';
import test from 'ava';
import type { CellResult, Results, TestResult } from '../run/results.ts';
import { githubAnnotations } from './github-commands.ts';
import { readRun } from './write.ts';

const mixed = await readRun(join(import.meta.dirname, 'fixtures/mixed-run'));
const places = { project: '', specs: 'specs' };

interface Command {
  command: string;
  properties: Record<string, string>;
  message: string;
}

const undone = (text: string): string =>
  text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');

const parse = (line: string): Command => {
  const [, command = '', listed = '', message = ''] = /^::(\w+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
  const pairs = listed.split(',').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), undone(pair.slice(at + 1))];
  });
  return { command, properties: Object.fromEntries(pairs), message: undone(message) };
};

const annotations = (results: Results, where: Parameters<typeof githubAnnotations>[1] = places): Command[] =>
  githubAnnotations(results, where).map(parse);

const cellWith = (tests: TestResult[], changes: Partial<CellResult> = {}): CellResult => {
  const [cell] = mixed.results.cells;
  if (!cell) throw new Error('the fixture has no cell');
  return { ...cell, outcome: 'failed', spec: 'a', tests, ...changes };
};

const failing = (title: string, message: string): TestResult => ({
  title,
  outcome: 'failed',
  ms: 1,
  error: { name: 'Error', message, stack: `Error: ${message}\n    at go (specs/a.spec.ts:4:2)` },
});

test('each failure is an error at its position in the spec, and nothing else is told', (t) => {
  const told = annotations(mixed.results);
  t.true(told.every(({ command }) => command === 'error'));
  t.deepEqual(
    told.map(({ properties: { file, line, title } }) => [file, line, title]),
    [
      [
        'specs/agent-crashes.spec.ts',
        undefined,
        'agent-crashes › a test that takes the agent with it: crashed',
      ],
      ['specs/fails.spec.ts', '9', 'fails › a test that fails in the spec: failed'],
      ['specs/fails.spec.ts', '13', 'fails › a test that fails below the spec: failed'],
      ['specs/fails.spec.ts', '20', 'fails › a test whose error has a cause: failed'],
      [
        'specs/kernel-panics.spec.ts',
        undefined,
        'kernel-panics › a test that takes the kernel with it: crashed',
      ],
      ['specs/module-is-refused.spec.ts', undefined, 'module-is-refused: load-failed'],
      ['specs/never-ends.spec.ts', undefined, 'never-ends › a test that prints for ever: hung'],
      ['specs/no-boot.spec.ts', undefined, 'no-boot: boot-failed'],
    ],
  );
});

test('a message comes back whole, percent signs, colons, commas and lines', (t) => {
  const [, inSpec] = annotations(mixed.results);
  t.is(inSpec?.message, 'one is not two, 100 % sure: see a,b\n\n1 !== 2\non 6.12 emulated');
  t.is(inSpec?.properties.col, '10');
  const title = 'a,b:c%0A::error file=x::100%';
  const [told, ...others] = annotations({ ...mixed.results, cells: [cellWith([failing(title, title)])] });
  t.deepEqual(others, []);
  t.is(told?.properties.title, `a › ${title}: failed`);
  t.is(told?.properties.file, 'specs/a.spec.ts');
  t.is(told?.message, `${title}\non 6.12 emulated`);
});

test('files are named from the root of the repository', (t) => {
  const told = annotations(mixed.results, { project: 'drivers/tests', specs: 'specs' });
  t.true(told.every(({ properties }) => properties.file?.startsWith('drivers/tests/specs/')));
  const bare = annotations(mixed.results, { project: '', specs: null });
  t.deepEqual(
    bare.map(({ properties }) => 'file' in properties),
    [false, true, true, true, false, false, false, false],
  );
});

test('the same failure on several kernels is one, a different one is another', (t) => {
  const cells = ['5.10', '6.1', '6.12'].map((kernel) =>
    cellWith([failing('one', kernel === '6.1' ? 'otherwise' : 'no')], { kernel }),
  );
  t.deepEqual(
    annotations({ ...mixed.results, cells }).map(({ message }) => message),
    ['no\non 5.10 emulated, 6.12 emulated', 'otherwise\non 6.1 emulated'],
  );
});

test('two guests that panicked alike are one, whenever each did', (t) => {
  const cells = ['5.10', '6.1'].map((kernel, index) =>
    cellWith([], {
      kernel,
      outcome: 'panicked',
      reason: `[    ${index}.123456] Kernel panic - not syncing: x`,
    }),
  );
  t.deepEqual(
    annotations({ ...mixed.results, cells }).map(({ message }) => message),
    ['Kernel panic - not syncing: x\non 5.10 emulated, 6.1 emulated'],
  );
});

test('of more than GitHub shows, the last says how many there are', (t) => {
  const many = (count: number) => ({
    ...mixed.results,
    cells: [cellWith(Array.from({ length: count }, (_, index) => failing(`test ${index}`, 'no')))],
  });
  t.is(annotations(many(10)).length, 10);
  t.regex(annotations(many(10)).at(-1)?.properties.title ?? '', /test 9/);
  const told = annotations(many(14));
  t.is(told.length, 10);
  t.is(told.at(-1)?.message, '5 more failures: see the summary of this step or the report');
});

test('where all passed there is nothing to say', (t) => {
  const cells = mixed.results.cells.filter(({ spec }) => spec === 'passes' || spec === 'needs-more');
  t.is(cells.length, 2);
  t.deepEqual(annotations({ ...mixed.results, cells }), []);
});
