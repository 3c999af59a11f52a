import test from 'ava';
import {
  ConsoleWatcher,
  evidence,
  type Incident,
  incidentOf,
  kernelIncident,
  reportLines,
} from './console.ts';

const kindOf = (line: string) => incidentOf(line)?.kind ?? null;

test('a panic, an oops, a warning and the end of the agent are told apart', (t) => {
  t.is(kindOf('[    4.123456] Kernel panic - not syncing: sysrq triggered crash'), 'panic');
  t.is(kindOf('[    4.123456] BUG: kernel NULL pointer dereference, address: 0000000000000000'), 'oops');
  t.is(kindOf('[   14.123456] Oops: general protection fault, probably for non-canonical address'), 'oops');
  t.is(kindOf('[    4.123456] WARNING: CPU: 0 PID: 1 at fs/pipe.c:1 pipe_write+0x1/0x2'), 'warning');
  t.is(kindOf('[   44.123456] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [node:50]'), 'oops');
  t.is(kindOf('[   44.123456] rcu: INFO: rcu_sched self-detected stall on CPU'), 'warning');
  t.is(
    kindOf('[   44.123456] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'),
    'warning',
  );
  t.is(kindOf('[   44.123456] BUG kmalloc-64 (Tainted: G           O      ): Poison overwritten'), 'warning');
  t.is(kindOf('[   44.123456] UBSAN: array-index-out-of-bounds in drivers/x.c:7:9'), 'warning');
  t.deepEqual(incidentOf('ringcross-init: the agent ended with status 134'), {
    kind: 'agent-ended',
    status: 134,
    line: 'ringcross-init: the agent ended with status 134',
  });
});

test('a record of the kernel’s own log has no time, and says the same', (t) => {
  t.is(kernelIncident('Kernel panic - not syncing: sysrq triggered crash'), 'panic');
  t.is(kernelIncident('BUG: kernel NULL pointer dereference, address: 0000000000000000'), 'oops');
  t.is(kernelIncident('WARNING: CPU: 0 PID: 1 at fs/pipe.c:1 pipe_write+0x1/0x2'), 'warning');
  t.is(kernelIncident('kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'), 'warning');
  t.is(kernelIncident('ringcross_chardev: a WARNING: is not at the beginning'), null);
  t.is(kernelIncident(''), null);
});

test('a program that prints the words of a panic does not panic the kernel', (t) => {
  t.is(kindOf('Kernel panic - not syncing: said by a spec'), null);
  t.is(kindOf('[    1.000000] random: crng init done'), null);
});

test('lines come whole however the console is cut, and the tail is bounded', (t) => {
  const seen: Incident[] = [];
  const watcher = new ConsoleWatcher((incident) => seen.push(incident));
  for (let i = 0; i < 400; i++) watcher.push(Buffer.from(`[    0.000001] line ${i}\r\n`));
  watcher.push(Buffer.from('[    1.000000] Kernel pa'));
  watcher.push(Buffer.from('nic - not syncing: x\r\n[    1.0'));
  t.deepEqual(
    seen.map(({ kind }) => kind),
    ['panic'],
  );
  t.is(watcher.tail().length, 2 * reportLines + 1);
  t.is(watcher.tail().at(-1), '[    1.0');
});

test('evidence starts at the trouble', (t) => {
  const tail = ['[    0.000001] a', '[    0.000002] Kernel panic - not syncing: x', '[    0.000003] CPU: 0'];
  t.deepEqual(evidence(tail), tail.slice(1));
  t.deepEqual(evidence(['a', 'b', 'c'], 2), ['b', 'c']);
  const report = ['[    1.000000] BUG: KASAN: x', ...Array(reportLines - 1).fill('[    1.000000]  y')];
  t.deepEqual(evidence(['[    0.000001] a', ...report, '[    2.000000] later']), report, 'a whole report');
});
