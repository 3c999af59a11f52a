// The vsyscall page under `vsyscall=none`: there is none, and a program that calls it is told by a signal.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import {
  kernelLog,
  kernelLogEnd,
  measure,
  type Needs,
  probe,
  sample,
  untilFirstHalfOfSecond,
} from 'ringcross/guest';

export const needs = {
  config: ['CONFIG_X86_VSYSCALL_EMULATION'],
  cmdline: 'vsyscall=none',
} satisfies Needs;

describe('clock', () => {
  beforeEach(untilFirstHalfOfSecond);

  // What is left to a program: the vDSO and the system call.
  for (const door of ['vdso', 'syscall'])
    measure({
      mechanism: 'vsyscall',
      direction: 'k2u',
      variant: `gettimeofday-${door}`,
      setting: 'vsyscall=none',
      sizes: [16],
    });
});

const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
const mapping = maps.find((line) => line.endsWith('[vsyscall]')) ?? '';
const time = 0x400;

test('no page is mapped', () => {
  assert.equal(mapping, '');
});

test('a call is a fault, and the kernel says why', () => {
  const before = kernelLogEnd();
  assert.equal(probe('vsyscall', 'execute', time).signal, 'SIGSEGV');
  assert.match(kernelLog(before).join('\n'), /vsyscall attempted with vsyscall=none/);
});

test('reading and writing are faults', () => {
  for (const access of ['read', 'store']) assert.equal(probe('vsyscall', access).signal, 'SIGSEGV');
});

test('the page cannot be measured', async () => {
  const page = { mechanism: 'vsyscall', direction: 'k2u', variant: 'time-page', bytes: 8 } as const;
  await assert.rejects(sample(page), { code: 'EFAULT', syscall: 'vsyscall page' });
});
