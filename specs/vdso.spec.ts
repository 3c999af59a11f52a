// The vDSO, vdso(7): what the kernel keeps up to date in a page that every process may read, and the code to read it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import {
  attempt,
  finding,
  measure,
  type Needs,
  outcome,
  probe,
  startPeer32,
  syscall,
  untilFirstHalfOfSecond,
} from 'ringcross/guest';

export const needs = { config: ['CONFIG_IA32_EMULATION'] } satisfies Needs;

const mechanism = 'vdso';

describe('clocks', () => {
  beforeEach(untilFirstHalfOfSecond);

  // Each by both ways; what crosses is a struct timespec. The coarse ones are as exact as the timer tick.
  for (const clock of ['monotonic', 'realtime', 'monotonic-coarse', 'realtime-coarse'])
    for (const way of ['vdso', 'syscall'])
      measure({ mechanism, direction: 'k2u', variant: `${clock}-${way}`, sizes: [16] });
});

// CPU and NUMA node; seconds since 1970.
for (const call of ['getcpu', 'time'])
  for (const way of ['vdso', 'syscall'])
    measure({ mechanism, direction: 'k2u', variant: `${call}-${way}`, sizes: [8] });

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
  if (calls === null) return;
  assert.equal(calls, true);
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'a clock that it does not read',
    outcome: 'works',
    says: 'left to the system call, which may know it',
  });
});

test('coarse clocks never make a system call', (t) => {
  for (const clock of [clocks.CLOCK_REALTIME_COARSE, clocks.CLOCK_MONOTONIC_COARSE]) {
    const calls = makesSystemCall(t, clock);
    if (calls !== null) assert.equal(calls, false);
  }
});

const clockSource = (): string =>
  readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'latin1').trim();

/** What `look` sees under one clock source: the kernel may take another whenever it comes to mistrust this one. */
const underOneClockSource = <T>(look: () => T): { source: string; seen: T } => {
  for (;;) {
    const source = clockSource();
    const seen = look();
    if (clockSource() === source) return { source, seen };
  }
};

test('exact clocks make one only where the clock source cannot be read from user space', (t) => {
  for (const clock of [clocks.CLOCK_REALTIME, clocks.CLOCK_MONOTONIC]) {
    const { source, seen } = underOneClockSource(() => makesSystemCall(t, clock));
    // Those with a vdso_clock_mode: arch/x86/kernel/tsc.c, arch/x86/kernel/kvmclock.c, drivers/clocksource/hyperv_timer.c.
    const readable = ['tsc', 'tsc-early', 'kvm-clock', 'hyperv_clocksource_tsc_page'].includes(source);
    t.diagnostic(`clock source ${source}: ${readable ? 'read in user space' : 'left to the kernel'}`);
    if (seen !== null) assert.equal(seen, !readable, source);
  }
});

test('what crosses is one struct timespec, and it is the program that stores it', () => {
  for (const filling of [0x00, 0xff]) {
    const buffer = Buffer.alloc(32, filling);
    assert.deepEqual(probe(mechanism, 'clock_gettime_at', clocks.CLOCK_REALTIME_COARSE, buffer), {
      value: 0n,
      signal: null,
    });
    const [seconds, nanoseconds] = [buffer.readBigInt64LE(0), buffer.readBigInt64LE(8)];
    assert.ok(seconds > 0n && nanoseconds >= 0n && nanoseconds < 1_000_000_000n, `${seconds} ${nanoseconds}`);
    assert.ok(buffer.subarray(16).equals(Buffer.alloc(16, filling)), 'nothing behind it is touched');
  }
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'clock_gettime',
    bytes: 16,
    says: 'a struct timespec: what may cross is what the kernel put into its page',
  });
});

test('a bad pointer is a fault of the program, where the system call says EFAULT', () => {
  const [unmapped, kernel] = [8n, 0xffff_ffff_8100_0000n];
  // A coarse clock, which is never left to the kernel.
  for (const address of [unmapped, kernel]) {
    assert.equal(
      probe(mechanism, 'clock_gettime_at', clocks.CLOCK_REALTIME_COARSE, address).signal,
      'SIGSEGV',
    );
    assert.equal(attempt('clock_gettime', clocks.CLOCK_REALTIME_COARSE, address), 'EFAULT');
  }
});

/** Where a process has a mapping of this name. */
const addressIn = (pid: number | 'self', name: string): bigint => {
  const maps = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n');
  const [start = ''] = (maps.find((line) => line.endsWith(name)) ?? '').split('-');
  assert.match(start, /^[0-9a-f]+$/, `${name} is mapped`);
  return BigInt(`0x${start}`);
};

test('a program cannot write to the data that it shares with the kernel, nor make it writable', () => {
  const data = addressIn('self', '[vvar]');
  const [PROT_READ, PROT_WRITE] = [1, 2];
  assert.equal(attempt('mprotect', data, 4096, PROT_READ | PROT_WRITE), 'EACCES');
  assert.equal(probe(mechanism, 'clock_gettime_at', clocks.CLOCK_REALTIME_COARSE, data).signal, 'SIGSEGV');
  finding({
    about: 'not possible',
    mechanism,
    direction: 'u2k',
    subject: 'a store to [vvar]',
    holds: true,
    says: 'SIGSEGV, and mprotect answers EACCES',
  });
});

test('nobody is told that the clock goes on: no file is behind the pages, and a futex in them is never woken', () => {
  const files = readdirSync('/proc/self/map_files');
  assert.ok(files.length > 0, 'other mappings have one');
  const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
  for (const name of ['[vdso]', '[vvar]']) {
    const [range = ''] = (maps.find((line) => line.endsWith(name)) ?? '').split(' ');
    assert.match(range, /^[0-9a-f]+-[0-9a-f]+$/, `${name} is mapped`);
    assert.ok(!files.includes(range), name);
  }
  finding({
    about: 'signalling',
    mechanism,
    subject: 'poll',
    works: false,
    says: 'no file is behind the pages: there is no descriptor to wait for',
  });

  const FUTEX_WAIT_PRIVATE = 128;
  const someTicks = BigInt64Array.of(0n, 200_000_000n);
  const word = addressIn('self', '[vvar]');
  let before: bigint;
  let answer: number | string;
  do {
    before = bySyscall(clocks.CLOCK_MONOTONIC_COARSE);
    // The word may be one that changes with the clock, and may have done so before the call looks at it: EAGAIN.
    answer = attempt('futex', word, FUTEX_WAIT_PRIVATE, probe('shm', 'load', word).value, someTicks);
  } while (answer === 'EAGAIN');
  assert.equal(answer, 'ETIMEDOUT');
  assert.ok(before < bySyscall(clocks.CLOCK_MONOTONIC_COARSE), 'the kernel has changed its data meanwhile');
  finding({
    about: 'signalling',
    mechanism,
    subject: 'futex on [vvar]',
    works: false,
    says: `${answer} while the clock goes on`,
  });
});

test('a 32-bit program has an image of its own', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const image = await peer.peek(Number(addressIn(peer.pid, '[vdso]')), 4096);
  // e_ident of elf(5): the magic number, then the class, 1 for 32 bits.
  assert.equal(image.toString('latin1', 0, 4), '\x7fELF');
  assert.equal(image[4], 1);
  assert.ok(image.includes('__vdso_clock_gettime64\0'), 'with a function for 64-bit time');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a 32-bit program',
    outcome: 'works',
    says: 'has an image of 32-bit code of its own over the same data',
  });
});
