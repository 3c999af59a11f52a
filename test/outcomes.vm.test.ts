// Specs that end badly, each in its own way: the run tells them apart, keeps the log that explains each, and goes on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { exitStatus } from '../host/commands/run.ts';
import { loadProject } from '../host/project.ts';
import { markdownReport } from '../host/report/markdown.ts';
import { readRun } from '../host/report/write.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(join(import.meta.dirname, 'fixtures'));
const done = runHere({ project, lenses: ['emulated'], silenceMs: 20_000 });
done.catch(() => {});
test.after.always(removeRuns);

const cellOf = async (spec: string) => {
  const cell = (await done).results.cells.find((one) => one.spec === spec);
  if (!cell) throw new Error(`the run has no cell for ${spec}`);
  return { ...cell, text: [cell.reason, ...(cell.log ?? [])].join('\n') };
};

test('a module that the kernel refuses: load-failed, with what the kernel said', async (t) => {
  const { outcome, text, tests } = await cellOf('module-is-refused');
  t.is(outcome, 'load-failed');
  t.regex(text, /refused to load refused: .*ENODEV/);
  t.regex(text, /the device this fixture drives does not exist/);
  t.deepEqual(
    tests.map((one) => one.outcome),
    ['skipped'],
  );
});

test('a spec that throws: failed, with its own stack and output', async (t) => {
  const { outcome, tests } = await cellOf('throws');
  t.is(outcome, 'failed');
  const [passes, throws] = tests;
  t.is(passes?.outcome, 'passed');
  t.is(throws?.outcome, 'failed');
  t.regex(throws?.error?.message ?? '', /^one is not two/);
  t.regex(throws?.error?.stack ?? '', /at .*specs\/throws\.spec\.ts:12:/);
  t.is(throws?.output, 'said before it threw\n');
});

test('what a test established counts where it passed, and is kept in the journal where it failed', async (t) => {
  const { findings } = await cellOf('throws');
  t.deepEqual(findings, [
    { about: 'signalling', mechanism: 'none', subject: 'poll(2)', says: 'woken', works: true },
  ]);
  const journal = await readFile(join((await done).dir, 'journal.ndjson'), 'utf8');
  t.regex(journal, /"type":"finding".*"subject":"epoll"/);
});

test('a spec that throws while it loads fails alone, with what it threw', async (t) => {
  const { outcome, text } = await cellOf('throws-while-loading');
  t.is(outcome, 'failed');
  t.regex(text, /SPEC_LOAD/);
  t.regex(text, /this spec cannot be loaded/);
});

test('a suite whose body throws fails, and so do the tests it then lacks', async (t) => {
  const { outcome, tests } = await cellOf('suite-throws');
  t.is(outcome, 'failed');
  const outcomes = Object.fromEntries(tests.map((one) => [one.title, one.outcome]));
  t.deepEqual(outcomes, {
    'a suite': 'failed',
    'a suite › a test that is declared and never runs': 'failed',
    'a test that passes': 'passed',
  });
});

test('a spec that never ends: hung, though it prints', async (t) => {
  const { outcome, reason, tests } = await cellOf('never-ends');
  t.is(outcome, 'hung');
  t.is(reason, 'nothing happened for 20 s');
  t.deepEqual(
    tests.map((one) => one.outcome),
    ['hung', 'skipped'],
  );
});

test('an agent that crashes: crashed, with the signal, and what passed before has passed', async (t) => {
  const { outcome, reason, tests } = await cellOf('agent-crashes');
  t.is(outcome, 'crashed');
  t.is(reason, 'the agent ended with signal 6');
  t.deepEqual(
    tests.map((one) => one.outcome),
    ['passed', 'crashed'],
  );
});

test('a kernel that panics: panicked, with the call trace', async (t) => {
  const { outcome, text, tests } = await cellOf('kernel-panics');
  t.is(outcome, 'panicked');
  t.regex(text, /Kernel panic - not syncing: sysrq triggered crash/);
  t.regex(text, /sysrq_handle_crash/);
  t.is(tests[0]?.outcome, 'crashed');
});

test('a kernel that warns where the console does not show it: failed, by the kernel’s own log', async (t) => {
  const { outcome, reason, text, tests } = await cellOf('kernel-warns');
  t.is(outcome, 'failed');
  t.is(reason, 'the kernel warned: WARNING: said by a fixture');
  t.regex(text, /^what follows it$/m);
  t.is(tests[0]?.outcome, 'passed');
  const { dir } = await done;
  const console = await readFile(join(dir, 'console', '6.12-emulated-kernel-warns.log'), 'utf8');
  t.notRegex(console, /said by a fixture/);
});

test('a warning that a test has provoked and says so is none', async (t) => {
  const { outcome, reason } = await cellOf('provokes-a-warning');
  t.is(outcome, 'passed', reason ?? '');
  const { dir } = await done;
  t.regex(
    await readFile(join(dir, 'journal.ndjson'), 'utf8'),
    /"type":"provoked".*WARNING: provoked by a fixture/,
  );
});

test('a spec that needs what the CPU cannot do is skipped with the reason, and boots nothing', async (t) => {
  const { outcome, reason, start } = await cellOf('cpu-cannot');
  t.is(outcome, 'skipped');
  t.is(reason, 'needs the CPU feature avx512f, which the lens emulated does not have here');
  t.is(start, null);
});

test('the run goes on, and its status says that tests failed', async (t) => {
  t.is((await cellOf('zz-passes')).outcome, 'passed');
  t.is(exitStatus((await done).results), 1);
});

test('the folder holds the console of every cell and a report that shows each failure', async (t) => {
  const { dir, results } = await done;
  for (const { kernel, lens, spec, bootMs } of results.cells) {
    // One that never booted has said nothing.
    if (bootMs === null) continue;
    t.regex(await readFile(join(dir, 'console', `${kernel}-${lens}-${spec}.log`), 'utf8'), /Linux version/);
  }
  const read = await readRun(dir);
  t.deepEqual(read.results, results);
  const report = markdownReport(read.results, read.manifest, read.configs);
  for (const outcome of ['load-failed', 'failed', 'hung', 'crashed', 'panicked'])
    t.regex(report, new RegExp(`^### 6\\.12 emulated \\S+: ${outcome}$`, 'm'));
});
