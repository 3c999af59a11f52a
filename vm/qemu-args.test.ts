import test from 'ava';
import { kernelCommandLine, type Machine, qemuArgs } from './qemu-args.ts';

const machine: Machine = {
  lens: 'instructions',
  kernel: '/k/vmlinux',
  root: '/c/root.erofs',
  agent: '/c/agent.erofs',
  memoryMiB: 1024,
  cmdline: '',
  consoleLog: '/r/console.log',
};

/** The values that follow an option, in order. */
const valuesOf = (args: string[], option: string) => args.filter((_, index) => args[index - 1] === option);

test('instructions: one virtual CPU, icount with sleep, a clock of virtual time from one date on', (t) => {
  const args = qemuArgs(machine);
  t.deepEqual(valuesOf(args, '-accel'), ['tcg,thread=single']);
  t.deepEqual(valuesOf(args, '-icount'), ['shift=0,sleep=on']);
  t.deepEqual(valuesOf(args, '-smp'), ['1']);
  t.deepEqual(valuesOf(args, '-rtc'), ['base=2026-01-01T00:00:00,clock=vm']);
});

test('cycles: KVM with the invariant TSC passed through, and never icount', (t) => {
  const args = qemuArgs({ ...machine, lens: 'cycles' });
  t.deepEqual(valuesOf(args, '-accel'), ['kvm']);
  t.deepEqual(valuesOf(args, '-cpu'), ['host,migratable=off,+invtsc']);
  t.false(args.includes('-icount'));
});

test('the emulated lenses name a versioned CPU model without ERMS and FSRM', (t) => {
  for (const lens of ['instructions', 'emulated'] as const) {
    const [cpu = ''] = valuesOf(qemuArgs({ ...machine, lens }), '-cpu');
    t.regex(cpu, /^qemu64-v1,/);
    t.notRegex(cpu, /\+(erms|fsrm)\b/);
  }
});

test('no default devices, no user config, a network that reaches nothing', (t) => {
  const args = qemuArgs(machine);
  t.true(args.includes('-nodefaults'));
  t.true(args.includes('-no-user-config'));
  t.deepEqual(valuesOf(args, '-netdev'), ['user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22']);
});

test('a comma in a path is doubled, one token stays one token', (t) => {
  const args = qemuArgs({ ...machine, root: '/a,b/root image' });
  t.true(args.includes('id=root,if=none,format=raw,readonly=on,file=/a,,b/root image'));
});

test('words for the kernel come after ours, and the lens’s before both', (t) => {
  t.true(
    kernelCommandLine({ lens: 'cycles', cmdline: ' vsyscall=none ' }).endsWith('reboot=t vsyscall=none'),
  );
  t.true(kernelCommandLine({ lens: 'cycles', cmdline: '' }).endsWith('reboot=t'));
  t.regex(
    kernelCommandLine({ lens: 'instructions', cmdline: 'quiet' }),
    /nolapic_timer no_timer_check quiet$/,
  );
});
