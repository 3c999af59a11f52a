// The vsyscall page under `vsyscall=emulate`: it can be read as well, for tools that look into it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import { measure, type Needs, probe, untilFirstHalfOfSecond } from 'ringcross/guest';

export const needs = {
  config: ['CONFIG_X86_VSYSCALL_EMULATION'],
  cmdline: 'vsyscall=emulate',
} satisfies Needs;

describe('clock', () => {
  beforeEach(untilFirstHalfOfSecond);

  // The page can be read, and still each call of it faults: it is marked not executable.
  measure({
    mechanism: 'vsyscall',
    direction: 'k2u',
    variant: 'gettimeofday-page',
    setting: 'vsyscall=emulate',
    sizes: [16],
  });
});

// And a time_t.
measure({
  mechanism: 'vsyscall',
  direction: 'k2u',
  variant: 'time-page',
  setting: 'vsyscall=emulate',
  sizes: [8],
});

const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
const mapping = maps.find((line) => line.endsWith('[vsyscall]')) ?? '';
const time = 0x400;

test('the page is mapped at its fixed address, to be read and executed', () => {
  assert.match(mapping, /^ffffffffff600000-ffffffffff601000 r-xp /);
});

test('the page can be read: its first instruction loads the number of gettimeofday', () => {
  // mov $96,%rax of arch/x86/entry/vsyscall/vsyscall_emu_64.S.
  assert.deepEqual(probe('vsyscall', 'read'), { value: 0x48n, signal: null });
});

test('writing is a fault: it can be read only', () => {
  assert.equal(probe('vsyscall', 'store').signal, 'SIGSEGV');
});

test('a call is still answered', () => {
  const { value, signal } = probe('vsyscall', 'execute', time);
  assert.equal(signal, null);
  assert.ok(value > 0n);
});
