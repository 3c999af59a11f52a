// How fast the host's time stamp counter goes: under emulation a guest reads it as it is.
import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { canAccess } from './can-access.ts';
import { qmpArgs } from './qemu-args.ts';
import { startQemu } from './qemu-process.ts';

/**
 * This host's, in kHz, asked once a process: what /proc/cpuinfo tells or, on metal, what KVM does; null where neither.
 */
export const hostTscKhz = (): Promise<number | null> => {
  rate ??= readFile('/proc/cpuinfo', 'latin1').then(
    async (cpuinfo) => tscKhz(cpuinfo) ?? (await kvmTscKhz()),
  );
  return rate;
};

let rate: Promise<number | null> | null = null;

/** A QEMU that runs nothing answers in a tenth of a second. */
const patienceMs = 5_000;

/**
 * In kHz, as KVM gives it to a guest that asks for no other (KVM_GET_TSC_KHZ, of which QEMU's CPU tells); null where there
 * is no KVM. No guest runs for it, so a KVM that runs none has an answer too.
 */
export const kvmTscKhz = async (): Promise<number | null> => {
  if (!(await canAccess('/dev/kvm', constants.R_OK | constants.W_OK))) return null;
  const machine = ['-accel', 'kvm', '-machine', 'microvm', '-cpu', 'qemu64', '-m', '16', '-S'];
  await using qemu = startQemu([
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    ...machine,
    ...qmpArgs,
  ]);
  const timer = setTimeout(() => void qemu.stop(), patienceMs);
  try {
    await qemu.qmp.negotiate();
    const [cpu] = (await qemu.qmp.execute('query-cpus-fast')) as { 'qom-path': string }[];
    const hertz = await qemu.qmp.execute('qom-get', { path: cpu?.['qom-path'], property: 'tsc-frequency' });
    return Number(hertz) > 0 ? Math.round(Number(hertz) / 1000) : null;
  } catch {
    // No KVM to ask, then: whoever needs one learns why from the guest that is to boot.
    return null;
  } finally {
    clearTimeout(timer);
  }
};

/** In kHz, from the text of /proc/cpuinfo; null where it does not tell. Pure. */
export const tscKhz = (cpuinfo: string): number | null => {
  const flags = field(cpuinfo, 'flags')?.split(' ') ?? [];
  // What a virtual machine shows is the rate of its counter. A CPU of metal shows what it runs at this moment, and so
  // does a virtual one that is shown the counters for it.
  if (!flags.includes('hypervisor') || flags.includes('aperfmperf') || !flags.includes('constant_tsc'))
    return null;
  const khz = Math.round(Number(field(cpuinfo, 'cpu MHz')) * 1000);
  return khz > 0 ? khz : null;
};

const field = (cpuinfo: string, name: string): string | undefined =>
  new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1];
