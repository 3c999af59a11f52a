// The vsyscall page as kernels have it by default: it can be executed and not read. Each call faults into the kernel.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import {
  attempt,
  finding,
  kernelLog,
  kernelLogEnd,
  measure,
  type Needs,
  probe,
  startPeer32,
  syscall,
  untilFirstHalfOfSecond,
} from 'ringcross/guest';

export const needs = {
  config: ['CONFIG_X86_VSYSCALL_EMULATION', 'CONFIG_LEGACY_VSYSCALL_XONLY', 'CONFIG_IA32_EMULATION'],
} satisfies Needs;

const mechanism = 'vsyscall';

describe('clock', () => {
  beforeEach(untilFirstHalfOfSecond);

  // The same answer through three doors: the fixed page, the vDSO, the system call. What crosses is a struct timeval.
  for (const door of ['page', 'vdso', 'syscall'])
    measure({ mechanism, direction: 'k2u', variant: `gettimeofday-${door}`, sizes: [16] });
});

// And a time_t.
for (const door of ['page', 'vdso', 'syscall'])
  measure({ mechanism, direction: 'k2u', variant: `time-${door}`, sizes: [8] });

const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
const mapping = maps.find((line) => line.endsWith('[vsyscall]')) ?? '';
const [pageAddress, pageBytes] = [0xffff_ffff_ff60_0000n, 4096];
const offsets = { gettimeofday: 0, time: 0x400, getcpu: 0x800, none: 0xc00 };

test('the page is mapped at its fixed address, to be executed only', () => {
  assert.match(mapping, /^ffffffffff600000-ffffffffff601000 --xp /);
});

test('time tells what the system call tells', () => {
  const before = syscall('time', 0);
  const { value, signal } = probe('vsyscall', 'execute', offsets.time);
  const after = syscall('time', 0);
  assert.equal(signal, null);
  assert.ok(before <= value && value <= after, `${before} <= ${value} <= ${after}`);
});

test('gettimeofday and getcpu answer, and take null for what is not wanted', () => {
  assert.deepEqual(probe('vsyscall', 'execute', offsets.gettimeofday, 0n, 0n), { value: 0n, signal: null });
  assert.deepEqual(probe('vsyscall', 'execute', offsets.getcpu, 0n, 0n), { value: 0n, signal: null });
});

test('reading the page is a fault', () => {
  assert.equal(probe('vsyscall', 'read').signal, 'SIGSEGV');
});

test('a program cannot write to the page, nor make it writable', () => {
  const { signal } = probe(mechanism, 'store');
  assert.equal(signal, 'SIGSEGV');
  const [PROT_READ, PROT_WRITE] = [1, 2];
  const protection = attempt('mprotect', pageAddress, pageBytes, PROT_READ | PROT_WRITE);
  assert.equal(protection, 'ENOMEM', 'it is no mapping of the process');
  finding({
    about: 'not possible',
    mechanism,
    direction: 'u2k',
    subject: 'a store to the page',
    holds: true,
    says: `${signal}, and mprotect answers ${protection}`,
  });
});

test('there is nothing to wait for: no file is behind the page, and a futex must lie in user space', () => {
  const files = readdirSync('/proc/self/map_files');
  assert.ok(files.length > 0, 'other mappings have one');
  assert.ok(!files.includes(mapping.split(' ')[0] ?? ''));
  const FUTEX_WAIT_PRIVATE = 128;
  const futex = attempt('futex', pageAddress, FUTEX_WAIT_PRIVATE, 0, 0);
  assert.equal(futex, 'EFAULT');
  finding({
    about: 'signalling',
    mechanism,
    subject: 'poll, futex',
    works: false,
    says: `no file is behind the page, and futex answers ${futex}`,
  });
});

test('only the first byte of a call can be executed', () => {
  const before = kernelLogEnd();
  assert.equal(probe('vsyscall', 'execute', offsets.time + 1).signal, 'SIGSEGV');
  assert.match(kernelLog(before).join('\n'), /misaligned vsyscall/);
});

test('there is no fourth call', () => {
  assert.equal(probe('vsyscall', 'execute', offsets.none).signal, 'SIGSEGV');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'a fourth call',
    outcome: 'refused',
    says: 'SIGSEGV: the page has three, and never got another',
  });
});

test('a bad pointer is a fault, where the system call says EFAULT', () => {
  const [unmapped, kernel] = [1n, 0xffff_ffff_8100_0000n];
  assert.equal(syscall('time', unmapped), -14n);
  assert.equal(probe('vsyscall', 'execute', offsets.time, unmapped).signal, 'SIGSEGV');
  assert.equal(probe('vsyscall', 'execute', offsets.time, kernel).signal, 'SIGSEGV');
});

test('what crosses is a struct timeval and a struct timezone', () => {
  for (const filling of [0x00, 0xff]) {
    const [time, zone] = [Buffer.alloc(32, filling), Buffer.alloc(32, filling)];
    const result = probe('vsyscall', 'execute', offsets.gettimeofday, time, zone);
    assert.deepEqual(result, { value: 0n, signal: null });
    const [seconds, microseconds] = [time.readBigInt64LE(0), time.readBigInt64LE(8)];
    assert.ok(seconds > 0n && microseconds >= 0n && microseconds < 1_000_000n, `${seconds} ${microseconds}`);
    assert.equal(zone.readBigInt64LE(0), 0n, 'two numbers that Linux leaves at zero');
    assert.ok(time.subarray(16).equals(Buffer.alloc(16, filling)), 'nothing behind it is touched');
    assert.ok(zone.subarray(8).equals(Buffer.alloc(24, filling)));
  }
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'gettimeofday',
    bytes: 16 + 8,
    says: 'a struct timeval and a struct timezone, the longest answer of the three calls',
  });
});

test('a 32-bit program has no such page', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = readFileSync(`/proc/${peer.pid}/maps`, 'latin1');
  assert.match(theirs, /\[vdso\]$/m, 'it has the vDSO');
  assert.doesNotMatch(theirs, /\[vsyscall\]/);
  finding({
    about: 'portability',
    mechanism,
    subject: 'a 32-bit program',
    outcome: 'breaks',
    says: 'its addresses end below the page, and there is none for it',
  });
});
