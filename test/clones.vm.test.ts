// Guests that are clones: alike where figures are concerned, and otherwise strangers to each other.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { overload } from '../ci/guests.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import { differences, mustRepeat } from '../host/report/repeat.ts';
import { starts } from '../host/report/time.ts';
import type { CellResult } from '../host/run/results.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(join(import.meta.dirname, 'clone-fixtures'));
test.after.always(removeRuns);

const cellOf = (cells: readonly CellResult[], spec: string): CellResult => {
  const cell = cells.find((one) => one.spec === spec);
  if (!cell) throw new Error(`the run has no cell for ${spec}`);
  return cell;
};

/** How a cell ended, with what explains it where that was not well. */
const told = ({ outcome, reason, tests }: CellResult) =>
  [outcome, reason, ...tests.flatMap(({ error }) => error?.message ?? [])].filter(Boolean).join('\n');

for (const lens of ['instructions', 'emulated'] as const) {
  test(`two clones of one template never share a random number (${lens})`, async (t) => {
    const run = () => runHere({ project, lenses: [lens], specs: ['random'] });
    const runs = [await run(), await run()];
    const [first, second] = runs.map(({ manifest }) => manifest.cells[0]?.cloneOf);
    t.truthy(first);
    t.is(first, second);
    const drawn = runs.map(({ results }) => {
      const cell = cellOf(results.cells, 'random');
      t.is(told(cell), 'passed');
      return Object.fromEntries(
        cell.tests.map(({ title, output = '[]' }) => [title, JSON.parse(output) as string[]]),
      );
    });
    for (const [source, numbers] of Object.entries(drawn[0] ?? {})) {
      t.is(numbers.length, 64, source);
      const others = new Set(drawn[1]?.[source]);
      t.is(others.size, 64, source);
      t.deepEqual(
        numbers.filter((one) => others.has(one)),
        [],
        source,
      );
    }
  });

  test(`a spec that leaves its kernel dirty has no effect on the next (${lens})`, async (t) => {
    const specs = ['aa-dirties', 'zz-pristine'];
    const { results, manifest } = await runHere({ project, lenses: [lens], specs, jobs: 1 });
    const dirty = cellOf(results.cells, 'aa-dirties');
    // The module holds itself: its kernel can never be clean again.
    t.is(dirty.outcome, 'load-failed');
    t.regex(dirty.reason ?? '', /refused to unload dirty/);
    t.deepEqual(
      dirty.tests.map(({ outcome }) => outcome),
      ['passed'],
    );
    t.is(told(cellOf(results.cells, 'zz-pristine')), 'passed');
    const templates = manifest.cells.map(({ cloneOf }) => cloneOf);
    t.truthy(templates[0]);
    t.is(templates[0], templates[1]);
  });
}

test('an isolated test has a kernel of its own, and its parts with it', async (t) => {
  const { results, dir } = await runHere({ project, lenses: ['emulated'], specs: ['isolated'] });
  const cell = cellOf(results.cells, 'isolated');
  t.is(told(cell), 'passed');
  t.deepEqual(
    cell.tests.map(({ title, outcome }) => `${title}: ${outcome}`),
    [
      'one that leaves a trace: passed',
      'one that finds the trace: passed',
      'with a kernel of its own › one that is isolated › a part of it: passed',
      'with a kernel of its own › one that is isolated: passed',
      'with a kernel of its own › one that is isolated too: passed',
    ],
  );
  t.deepEqual((await readdir(join(dir, 'console'))).sort(), [
    '6.12-emulated-isolated-2.log',
    '6.12-emulated-isolated-3.log',
    '6.12-emulated-isolated.log',
  ]);
});

const overloaded = async <T>(work: () => Promise<T>): Promise<T> => {
  using _load = overload();
  return await work();
};

test('clones give the figures of a guest that booted, alone or while every CPU is wanted by others', async (t) => {
  const own = await loadProject(ownRoot);
  const run = (changes: { isCold?: boolean; jobs?: number }) =>
    runHere({ project: own, lenses: ['instructions'], specs: ['pipe', 'sysfs'], ...changes });
  const alone = await run({ jobs: 1 });
  const busy = await overloaded(() => run({ jobs: 2 }));
  const booted = await run({ isCold: true, jobs: 2 });
  for (const { results, manifest } of [alone, busy])
    t.deepEqual(starts(results, manifest), ['2 of 2 guests are clones, of 1 template.']);
  t.deepEqual(starts(booted.results, booted.manifest), [
    '0 of 2 guests are clones.',
    '2 booted: as asked for.',
  ]);
  t.deepEqual(differences(alone.results, busy.results).filter(mustRepeat), []);
  t.deepEqual(differences(alone.results, booted.results).filter(mustRepeat), []);
  const cases = alone.results.cells.map((cell) => cell.cases.length);
  t.true(
    cases.every((count) => count > 20),
    cases.join(),
  );
});
