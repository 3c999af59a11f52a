// The vsyscall page as kernels have it by default: it can be executed and not read. Each call faults into the kernel.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { kernelLog, kernelLogEnd, measure, type Needs, probe, syscall } from 'ringcross/guest';

export const needs = {
  config: ['CONFIG_X86_VSYSCALL_EMULATION', 'CONFIG_LEGACY_VSYSCALL_XONLY'],
} satisfies Needs;

// The same answer through three doors: the fixed page, the vDSO, the system call. What crosses is a struct timeval.
for (const door of ['page', 'vdso', 'syscall'])
  measure({ mechanism: 'vsyscall', direction: 'k2u', variant: `gettimeofday-${door}`, sizes: [16] });

// And a time_t.
for (const door of ['page', 'vdso', 'syscall'])
  measure({ mechanism: 'vsyscall', direction: 'k2u', variant: `time-${door}`, sizes: [8] });

const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
const mapping = maps.find((line) => line.endsWith('[vsyscall]')) ?? '';
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

test('only the first byte of a call can be executed', () => {
  const before = kernelLogEnd();
  assert.equal(probe('vsyscall', 'execute', offsets.time + 1).signal, 'SIGSEGV');
  assert.match(kernelLog(before).join('\n'), /misaligned vsyscall/);
});

test('there is no fourth call', () => {
  assert.equal(probe('vsyscall', 'execute', offsets.none).signal, 'SIGSEGV');
});

test('a bad pointer is a fault, where the system call says EFAULT', () => {
  const [unmapped, kernel] = [1n, 0xffff_ffff_8100_0000n];
  assert.equal(syscall('time', unmapped), -14n);
  assert.equal(probe('vsyscall', 'execute', offsets.time, unmapped).signal, 'SIGSEGV');
  assert.equal(probe('vsyscall', 'execute', offsets.time, kernel).signal, 'SIGSEGV');
});
