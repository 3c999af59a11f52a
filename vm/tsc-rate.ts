// How fast the host's time stamp counter goes: under emulation a guest reads it as it is.
import { readFile } from 'node:fs/promises';

/** This host's, in kHz; null where it does not tell. */
export const hostTscKhz = async (): Promise<number | null> =>
  tscKhz(await readFile('/proc/cpuinfo', 'latin1'));

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
