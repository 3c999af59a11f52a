// The vDSO, vdso(7): what the kernel keeps up to date in a page that every process may read, and the code to read it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type TestContext, test } from 'node:test';
import { measure, type Needs, outcome, probe, syscall } from 'ringcross/guest';

export const needs = {} satisfies Needs;

// Each clock by both ways; what crosses is a struct timespec. The coarse ones are as exact as the timer tick.
for (const clock of ['monotonic', 'realtime', 'monotonic-coarse', 'realtime-coarse'])
  for (const way of ['vdso', 'syscall'])
    measure({ mechanism: 'vdso', direction: 'k2u', variant: `${clock}-${way}`, sizes: [16] });

// CPU and NUMA node; seconds since 1970.
for (const call of ['getcpu', 'time'])
  for (const way of ['vdso', 'syscall'])
    measure({ mechanism: 'vdso', direction: 'k2u', variant: `${call}-${way}`, sizes: [8] });

const clocks = {
  CLOCK_REALTIME: 0,
  CLOCK_MONOTONIC: 1,
  CLOCK_REALTIME_COARSE: 5,
  CLOCK_MONOTONIC_COARSE: 6,
} as const;
const CLOCK_THREAD_CPUTIME_ID = 3;

const bySyscall = (clock: number): bigint => {
  const now = new BigInt64Array(2);
  assert.equal(syscall('clock_gettime', clock, now), 0n);
  const [seconds = 0n, nanoseconds = 0n] = now;
  return seconds * 1_000_000_000n + nanoseconds;
};

test('code and data are mapped into every process', () => {
  const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
  assert.match(maps.find((line) => line.endsWith('[vdso]')) ?? '', / r-xp /);
  assert.match(maps.find((line) => line.endsWith('[vvar]')) ?? '', / r--p /);
});

for (const [name, clock] of Object.entries(clocks)) {
  test(`${name} is the kernel's own`, () => {
    const before = bySyscall(clock);
    const { value } = probe('vdso', 'clock_gettime', clock);
    const after = bySyscall(clock);
    assert.ok(before <= value && value <= after, `${before} <= ${value} <= ${after}`);
  });
}

test('time and getcpu answer as the system calls do', () => {
  const before = syscall('time', 0);
  const { value } = probe('vdso', 'time');
  assert.ok(before <= value && value <= syscall('time', 0));
  assert.ok(probe('vdso', 'getcpu').value < BigInt(cpus().length));
});

test('a clock that does not exist is EINVAL', () => {
  assert.equal(outcome(probe('vdso', 'clock_gettime', 99).value), 'EINVAL');
});

/** Whether the vDSO left the clock to the kernel, as the kernel itself sees it. Needs Linux 5.11. */
const makesSystemCall = (t: TestContext, clock: number): boolean | null => {
  const { value } = probe('vdso', 'makes-system-call', clock);
  if (value >= 0n) return value === 1n;
  t.skip(`syscall user dispatch: ${outcome(value)}`);
  return null;
};

test('a clock of the process is always left to the kernel', (t) => {
  const calls = makesSystemCall(t, CLOCK_THREAD_CPUTIME_ID);
  if (calls !== null) assert.equal(calls, true);
});

test('coarse clocks never make a system call', (t) => {
  for (const clock of [clocks.CLOCK_REALTIME_COARSE, clocks.CLOCK_MONOTONIC_COARSE]) {
    const calls = makesSystemCall(t, clock);
    if (calls !== null) assert.equal(calls, false);
  }
});

test('exact clocks make one only where the clock source cannot be read from user space', (t) => {
  const source = readFileSync(
    '/sys/devices/system/clocksource/clocksource0/current_clocksource',
    'latin1',
  ).trim();
  // Those with a vdso_clock_mode: arch/x86/kernel/tsc.c, arch/x86/kernel/kvmclock.c, drivers/clocksource/hyperv_timer.c.
  const readable = ['tsc', 'tsc-early', 'kvm-clock', 'hyperv_clocksource_tsc_page'].includes(source);
  t.diagnostic(`clock source ${source}: ${readable ? 'read in user space' : 'left to the kernel'}`);
  for (const clock of [clocks.CLOCK_REALTIME, clocks.CLOCK_MONOTONIC]) {
    const calls = makesSystemCall(t, clock);
    if (calls !== null) assert.equal(calls, !readable, source);
  }
});
