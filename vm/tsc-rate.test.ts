import { readFile } from 'node:fs/promises';
import test from 'ava';
import { canAccess } from './can-access.ts';
import { kvmTscKhz, tscKhz } from './tsc-rate.ts';

const cpuinfo = (flags: string, mhz = '2445.406') =>
  `processor\t: 0\nmodel name\t: AMD EPYC\ncpu MHz\t\t: ${mhz}\nflags\t\t: fpu tsc ${flags}\n\nprocessor\t: 1\ncpu MHz\t\t: 1.000\n`;

test('a virtual machine shows the rate of its counter', (t) => {
  t.is(tscKhz(cpuinfo('constant_tsc hypervisor')), 2_445_406);
});

test('what may be the speed of this moment is no rate', (t) => {
  t.is(tscKhz(cpuinfo('constant_tsc')), null, 'a CPU of metal');
  t.is(tscKhz(cpuinfo('constant_tsc aperfmperf hypervisor')), null);
  t.is(tscKhz(cpuinfo('hypervisor')), null, 'a counter that changes with the speed');
});

test('a text that does not tell has none', (t) => {
  t.is(tscKhz(''), null);
  t.is(tscKhz(cpuinfo('constant_tsc hypervisor', 'unknown')), null);
});

test('KVM tells the same as a virtual machine shows', async (t) => {
  const asked = await kvmTscKhz();
  const shown = tscKhz(await readFile('/proc/cpuinfo', 'latin1'));
  t.log(`KVM ${asked}, /proc/cpuinfo ${shown}`);
  if (!(await canAccess('/dev/kvm'))) t.is(asked, null);
  else if (asked !== null && shown !== null) t.is(asked, shown);
  else t.true(asked === null || asked > 100_000, 'a rate in kHz');
});
