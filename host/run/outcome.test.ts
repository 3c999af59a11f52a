import test from 'ava';
import type { GuestMessage } from '../../guest/protocol/messages.ts';
import { type CellEvent, isDone, isProgress, judge } from './outcome.ts';

const said = (message: GuestMessage): CellEvent => ({ kind: 'message', message });
const start = (...path: string[]) => said({ type: 'test-start', path });
const passed = (...path: string[]) => said({ type: 'test', path, outcome: 'passed', ms: 1 });
const end = said({ type: 'spec-end', tests: 1 });
const ended: CellEvent = { kind: 'ended', exit: { code: 0, signal: null, stderr: '' } };
const panic: CellEvent = {
  kind: 'incident',
  incident: { kind: 'panic', line: '[    1.000000] Kernel panic' },
};
const oops: CellEvent = { kind: 'incident', incident: { kind: 'oops', line: '[    1.000000] BUG: x' } };
const crash: CellEvent = { kind: 'incident', incident: { kind: 'agent-ended', status: 134, line: '' } };

const outcome = (...events: CellEvent[]) => judge(events, [], []).outcome;

test('a spec whose tests all pass has passed', (t) => {
  t.deepEqual(judge([start('a'), passed('a'), end], ['a'], []), {
    outcome: 'passed',
    tests: [{ title: 'a', outcome: 'passed', ms: 1 }],
  });
});

test('no result is a failure, not a success', (t) => {
  t.is(outcome(end), 'failed');
});

test('the kernel’s death outweighs the agent’s, and that what the tests said', (t) => {
  t.is(outcome(start('a'), passed('a'), crash, panic, ended), 'panicked');
  t.is(outcome(start('a'), passed('a'), end, oops), 'oopsed');
  t.is(outcome(start('a'), crash, ended), 'crashed');
  t.is(outcome(start('a'), { kind: 'silence', ms: 1000 }), 'hung');
});

test('the test in flight when the guest dies is crashed, and those behind it are not missing', (t) => {
  const { tests } = judge(
    [start('s'), start('s', 'a'), passed('s', 'a'), start('s', 'b'), crash, ended],
    ['s › a', 's › b', 's › c'],
    [],
  );
  t.deepEqual(
    tests.map(({ title, outcome: of }) => [title, of]),
    [
      ['s › a', 'passed'],
      ['s › b', 'crashed'],
      ['s › c', 'skipped'],
    ],
  );
});

test('a refused module is its own outcome, with the kernel’s own lines', (t) => {
  const refused = said({
    type: 'module-failed',
    name: 'x',
    action: 'load',
    error: { name: 'Error', message: 'ENOEXEC' },
    log: ['x: bad magic'],
  });
  const verdict = judge([refused, said({ type: 'spec-end', tests: 0 })], ['a'], []);
  t.is(verdict.outcome, 'load-failed');
  t.deepEqual(verdict.log, ['x: bad magic']);
});

test('a guest that ends by itself crashed; a QEMU that fails is the machinery', (t) => {
  t.is(outcome(start('a'), ended), 'crashed');
  t.is(
    outcome({ kind: 'ended', exit: { code: 1, signal: null, stderr: 'no such device' } }),
    'infrastructure',
  );
  t.is(outcome({ kind: 'ended', exit: { code: null, signal: 'SIGKILL', stderr: '' } }), 'infrastructure');
});

test('a warning of the kernel fails a spec whose tests passed', (t) => {
  const warning: CellEvent = {
    kind: 'incident',
    incident: { kind: 'warning', line: '[    1.000000] WARNING: CPU: 0' },
  };
  t.is(outcome(start('a'), passed('a'), warning, end), 'failed');
});

test('a report that only the kernel’s own log has whole counts as one of the console', (t) => {
  const printed = (...lines: string[]) => said({ type: 'kernel-log', lines });
  t.is(outcome(start('a'), passed('a'), printed('x: loaded', 'x: gone'), end), 'passed');
  const warned = judge(
    [start('a'), passed('a'), printed('x: loaded', 'WARNING: CPU: 0 PID: 1', 'Call Trace:'), end],
    ['a'],
    ['[    1.000000] WWARNING: CPU: 0'],
  );
  t.is(warned.outcome, 'failed');
  t.is(warned.reason, 'the kernel warned: WARNING: CPU: 0 PID: 1');
  t.deepEqual(warned.log, ['WARNING: CPU: 0 PID: 1', 'Call Trace:']);
  const oopsed = judge(
    [
      start('a'),
      passed('a'),
      printed('x: loaded', 'BUG: sleeping function called', 'Call Trace:'),
      end,
      ended,
    ],
    ['a'],
    ['[    1.000000] the end of it'],
  );
  t.is(oopsed.outcome, 'oopsed');
  t.deepEqual(
    oopsed.log,
    ['BUG: sleeping function called', 'Call Trace:'],
    'whole, not the end of the console',
  );
});

test('a warning that a test has provoked fails no cell, another one beside it does', (t) => {
  const line = 'WARNING: fs/sysfs/file.c:74 at sysfs_kf_seq_show+0x100/0x140';
  const provoked = said({ type: 'provoked', path: ['a'], lines: ['OOB write or bad count 4096', line] });
  const printed = (...lines: string[]) => said({ type: 'kernel-log', lines });
  const console = (text: string): CellEvent => ({
    kind: 'incident',
    incident: { kind: 'warning', line: `[    1.000000] ${text}` },
  });
  const run = (...events: CellEvent[]) => outcome(start('a'), provoked, passed('a'), ...events, end);
  t.is(run(printed('x: loaded', line)), 'passed');
  t.is(run(console('WWARNING: fs/sysfs'), printed('x: loaded', line)), 'passed');
  t.is(run(printed(line, 'WARNING: CPU: 0 PID: 1')), 'failed');
  t.is(run(console(line), console('WARNING: CPU: 0 PID: 1'), printed(line)), 'failed');
  t.is(run(printed(line, line)), 'failed', 'the same again, which nobody provoked');
  t.is(run(printed(line, 'BUG: sleeping function called')), 'oopsed');
  const atBoot = console('WARNING: CPU: 0 PID: 1');
  t.is(
    outcome(atBoot, start('a'), provoked, passed('a'), printed(line), end),
    'failed',
    'of before the tests',
  );
  t.is(
    judge([atBoot, start('a'), console(line), provoked, passed('a'), printed(line), end], ['a'], []).reason,
    'the kernel warned: [    1.000000] WARNING: CPU: 0 PID: 1',
  );
});

test('what a test printed and threw is its own, with the project’s paths', (t) => {
  const { tests } = judge(
    [
      start('a'),
      said({ type: 'output', path: ['a'], stream: 'stdout', text: 'one\n' }),
      said({ type: 'output', path: ['a'], stream: 'stderr', text: 'two\n' }),
      said({
        type: 'test',
        path: ['a'],
        outcome: 'failed',
        ms: 3,
        error: {
          name: 'Error',
          message: 'm',
          stack: 'Error: m\n    at file:///run/ringcross/specs/a.spec.ts:3:1',
        },
      }),
      end,
    ],
    ['a'],
    [],
  );
  t.is(tests[0]?.output, 'one\ntwo\n');
  t.is(tests[0]?.error?.stack, 'Error: m\n    at specs/a.spec.ts:3:1');
});

test('printing is no progress, and only the end of a spec or of the agent’s wits lets the guest be stopped', (t) => {
  t.false(isProgress(said({ type: 'output', path: null, stream: 'stdout', text: 'x' })));
  t.true(isProgress(start('a')));
  const failed = said({ type: 'agent-error', error: { name: 'Error', message: 'x' } });
  t.deepEqual([end, failed, panic, oops, crash, ended, passed('a')].map(isDone), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('a declared test that did not run fails a spec that ended', (t) => {
  const { outcome: of, tests } = judge([start('a'), passed('a'), end], ['a', 'b'], []);
  t.is(of, 'failed');
  t.deepEqual(tests[1], { title: 'b', outcome: 'failed', ms: 0, reason: 'it was declared but did not run' });
});

test('of two tests with one title none hides the other', (t) => {
  const failure = said({ type: 'test', path: ['a'], outcome: 'failed', ms: 1 });
  t.is(outcome(start('a'), failure, start('a'), passed('a'), end), 'failed');
});

test('what the kernel says while the module goes counts', (t) => {
  const warning: CellEvent = {
    kind: 'incident',
    incident: { kind: 'warning', line: '[    1.000000] WARNING: CPU: 0' },
  };
  t.is(outcome(start('a'), passed('a'), end, warning, ended), 'failed');
});
