import test from 'ava';
import { kernelCommandLine, type Machine, qemuArgs } from './qemu-args.ts';

const machine: Machine = {
  lens: 'instructions',
  board: 'microvm',
  kernel: '/k/vmlinux',
  initramfs: null,
  root: '/c/root.erofs',
  agent: '/c/agent.erofs',
  parcel: null,
  memory: null,
  memoryMiB: 1024,
  cmdline: '',
  tscKhz: null,
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
  const told = qemuArgs({ ...machine, lens: 'cycles', tscKhz: 2_445_406 });
  t.deepEqual(valuesOf(told, '-cpu'), ['host,migratable=off,+invtsc,tsc-frequency=2445406000']);
  t.false(args.includes('-icount'));
});

test('the emulated lenses name a versioned CPU model without ERMS and FSRM', (t) => {
  for (const lens of ['instructions', 'emulated'] as const) {
    const [cpu = ''] = valuesOf(qemuArgs({ ...machine, lens }), '-cpu');
    t.regex(cpu, /^qemu64-v1,/);
    t.notRegex(cpu, /\+(erms|fsrm)\b/);
  }
});

test('an emulated kernel is told to trust its clock, and where time is real how fast that goes, if the host knows', (t) => {
  const tscWords = (lens: Machine['lens'], tscKhz: number | null) =>
    kernelCommandLine({ board: 'microvm', lens, cmdline: '', tscKhz })
      .split(' ')
      .filter((word) => word.startsWith('tsc'));
  t.deepEqual(tscWords('emulated', 2_445_406), ['tsc=reliable', 'tsc_early_khz=2445406']);
  t.deepEqual(tscWords('emulated', null), ['tsc=reliable']);
  t.deepEqual(
    tscWords('instructions', 2_445_406),
    ['tsc=reliable'],
    'time is instructions, whatever the host',
  );
  t.deepEqual(tscWords('cycles', 2_445_406), []);
});

test('a template shares its memory with a file, a clone copies what it writes, and needs no kernel', (t) => {
  const memory = { path: '/c/memory', use: 'template' } as const;
  const template = qemuArgs({ ...machine, memory });
  t.deepEqual(valuesOf(template, '-object'), [
    'memory-backend-file,id=ram,size=1024M,mem-path=/c/memory,share=on',
  ]);
  t.deepEqual(valuesOf(template, '-kernel'), ['/k/vmlinux']);
  const clone = qemuArgs({ ...machine, memory: { ...memory, use: 'clone' } });
  t.regex(valuesOf(clone, '-object')[0] ?? '', /share=off$/);
  t.deepEqual(valuesOf(clone, '-kernel'), []);
  t.deepEqual(valuesOf(clone, '-incoming'), ['defer']);
  // What is not told apart by these words must be the same, or the state of a device does not fit.
  const same = (args: string[]) => valuesOf(args, '-device');
  t.deepEqual(same(clone), same(template));
});

test('a guest without a parcel has a disk of the same size', (t) => {
  const parcel = (path: string | null) =>
    valuesOf(qemuArgs({ ...machine, parcel: path }), '-drive').find((drive) => drive.startsWith('id=parcel'));
  t.is(parcel('/t/p'), 'id=parcel,if=none,readonly=on,format=raw,file=/t/p');
  t.is(parcel(null), 'id=parcel,if=none,readonly=on,driver=null-co,read-zeroes=on,size=1073741824');
});

test('no default devices, no user config, a network that reaches nothing', (t) => {
  const args = qemuArgs(machine);
  t.true(args.includes('-nodefaults'));
  t.true(args.includes('-no-user-config'));
  t.deepEqual(valuesOf(args, '-netdev'), ['user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22']);
});

test('a comma in a path is doubled, one token stays one token', (t) => {
  const args = qemuArgs({ ...machine, root: '/a,b/root image' });
  t.true(args.includes('id=root,if=none,readonly=on,format=raw,file=/a,,b/root image'));
});

test('words for the kernel come after ours, and the lens’s before both', (t) => {
  const words = (lens: Machine['lens'], cmdline: string) =>
    kernelCommandLine({ board: 'microvm', lens, cmdline, tscKhz: null });
  t.true(words('cycles', ' vsyscall=none ').endsWith('reboot=t vsyscall=none'));
  t.true(words('cycles', '').endsWith('reboot=t'));
  t.regex(words('instructions', 'quiet'), /nolapic_timer no_timer_check tsc=reliable quiet$/);
});

test('a kernel that finds its devices by ACPI has the same devices, and a first root', (t) => {
  const shipped = qemuArgs({ ...machine, board: 'microvm-acpi', initramfs: '/c/first.cpio' });
  const own = qemuArgs(machine);
  t.deepEqual(valuesOf(shipped, '-machine'), ['microvm,acpi=on,rtc=on']);
  t.deepEqual(valuesOf(own, '-machine'), ['microvm,acpi=off,rtc=on']);
  t.deepEqual(valuesOf(shipped, '-initrd'), ['/c/first.cpio']);
  t.deepEqual(valuesOf(own, '-initrd'), []);
  for (const option of ['-device', '-drive', '-smp', '-icount', '-rtc'])
    t.deepEqual(valuesOf(shipped, option), valuesOf(own, option));
  t.deepEqual(
    valuesOf(shipped, '-cpu'),
    valuesOf(own, '-cpu').map((cpu) => `${cpu},+arat`),
    'its one timer goes on while the CPU sleeps',
  );
});

test('a kernel without a PIT keeps the timer that it has, and is told how fast instructions go', (t) => {
  const words = (board: Machine['board']) => kernelCommandLine({ ...machine, board }).split(' ');
  t.true(words('microvm').includes('nolapic_timer'));
  t.false(words('microvm').some((word) => word.startsWith('tsc_early_khz=')));
  t.false(words('microvm-acpi').includes('nolapic_timer'));
  t.true(words('microvm-acpi').includes('tsc_early_khz=1000000'));
});
