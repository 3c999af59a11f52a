// One AVA test per test of every spec, on the default kernel, through every lens that needs no KVM.
import test from 'ava';
import { findSpecs, readSpecs } from '../host/guest-build/spec.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import { type Difference, differences, mustRepeat } from '../host/report/repeat.ts';
import type { CellResult, TestResult } from '../host/run/results.ts';
import { lensRecords } from '../vm/lens.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(ownRoot);
const specs = await readSpecs(await findSpecs(project, []));
const lenses = ['instructions', 'emulated'] as const;
const done = runHere({ project, lenses });
// Told by each test that waits for it.
done.catch(() => {});
test.after.always(removeRuns);

const asError = ({ outcome, reason, error }: TestResult): Error => {
  const failure = new Error(
    error ? `${error.name}: ${error.message}` : `${outcome}: ${reason ?? 'no reason'}`,
  );
  if (error?.stack) failure.stack = error.stack;
  return failure;
};

/** Whether a test is the declared one, or a part of it, which its result names behind it. */
const isOf = (title: string, declared: string): boolean =>
  title === declared || title.startsWith(`${declared} › `);

const findCell = async (lens: string, spec: string): Promise<CellResult> => {
  const { results } = await done;
  const cell = results.cells.find((one) => one.lens === lens && one.spec === spec);
  if (!cell) throw new Error(`the run has no cell for ${spec} in ${lens}`);
  return cell;
};

/** The reasons of tests that compare ticks: where a tick counts nothing there is nothing to compare. */
const incomparable = [
  'ticks are comparable where they count instructions',
  'ticks of this lens are not comparable',
];

/** On the default kernel and through these lenses nothing else is a reason: every other test must run. */
const mayBeSkipped = (lens: (typeof lenses)[number], { outcome, reason }: TestResult): boolean =>
  outcome === 'skipped' && lensRecords[lens].unit === null && incomparable.includes(reason ?? '');

for (const lens of lenses)
  for (const { name, titles } of specs) {
    for (const title of titles)
      test(`${name} › ${title} (${lens})`, async (t) => {
        const cell = await findCell(lens, name);
        const result = cell.tests.find((one) => one.title === title);
        if (!result) throw new Error('the guest told no result of this test');
        if (result.output) t.log(result.output);
        if (mayBeSkipped(lens, result)) {
          t.log(`skipped in the guest: ${result.reason}`);
          t.pass();
          return;
        }
        if (result.outcome !== 'passed') {
          for (const line of cell.log ?? []) t.log(line);
          throw asError(result);
        }
        t.pass();
      });
    test(`${name}: the cell passes, and runs no test that was not declared (${lens})`, async (t) => {
      const cell = await findCell(lens, name);
      t.is(cell.outcome, 'passed', [cell.reason, ...(cell.log ?? [])].join('\n'));
      t.deepEqual(
        cell.tests.map(({ title }) => title).filter((title) => !titles.some((one) => isOf(title, one))),
        [],
      );
    });
  }

// One of user space alone, one with a module, one with sockets, one with a queue: `npm run study` repeats them all.
test('two boots give the same p50 and p90, to the last digit, and of bytes through a pipe p99 too', async (t) => {
  const specs = ['pipe', 'chardev', 'netlink', 'mqueue'];
  const { results: first } = await done;
  const { results: second } = await runHere({ project, lenses: ['instructions'], specs });
  const cells = first.cells.filter(({ lens, spec }) => lens === 'instructions' && specs.includes(spec));
  t.deepEqual(
    cells.map(({ spec, cases }) => [spec, cases.length > 0]),
    [...specs].sort().map((spec) => [spec, true]),
  );
  const exact = (one: Difference): boolean =>
    mustRepeat(one) ||
    (/ pipe u2u (?:alternating|blocking|two-transfers) /.test(one.case) && one.figure.endsWith(' p99'));
  t.deepEqual(differences({ ...first, cells }, second).filter(exact), []);
});

test('the emulated lens publishes no tick', async (t) => {
  const { cases } = await findCell('emulated', 'pipe');
  t.true(cases.length > 0);
  for (const { unit, overhead, send, receive, transit } of cases)
    t.deepEqual(
      { unit, overhead, send, receive, transit },
      { unit: null, overhead: null, send: null, receive: null, transit: null },
    );
});
