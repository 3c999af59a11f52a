// Which lenses this host can do. A /dev/kvm that opens proves nothing, so the cycles lens is tried: a guest is booted.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { GuestFacts } from '../guest/protocol/messages.ts';
import { RingcrossError, withReason } from './errors.ts';
import { hostBoot } from './host-boot.ts';
import { qemuProgram } from './qemu-process.ts';
import { withTemporaryFolder } from './temporary.ts';
import { type GuestRequest, withVm } from './vm.ts';

/** What the probe found: the lens works, or why it is refused. */
export type ProbeResult = { works: true } | { works: false; reason: string };

/** A stock kernel boots in a second under KVM; one that takes longer runs on an emulation of it. */
const probeDeadlineMs = 20_000;

/**
 * Whether the cycles lens works here: `/dev/kvm` can be opened, a guest boots under it before the deadline, and its
 * clock is a constant, never stopping TSC. Asked once per host and QEMU, then remembered in `cacheDir`.
 */
export const probeCycles = async (
  cacheDir: string,
  guest: Omit<GuestRequest, 'lens'>,
  device = '/dev/kvm',
): Promise<ProbeResult> => {
  const settled = await settledProbe(cacheDir, device);
  if (settled) return settled;
  const file = await probeFile(cacheDir);
  const result = await boot(guest);
  await mkdir(dirname(file), { recursive: true });
  await withTemporaryFolder(async (work) => {
    await writeFile(join(work, 'probe'), JSON.stringify(result));
    await rename(join(work, 'probe'), file);
  }, dirname(file));
  return result;
};

/** What can be told without booting anything: there is no KVM, or an earlier probe's result; null where a guest must tell. */
export const settledProbe = async (cacheDir: string, device = '/dev/kvm'): Promise<ProbeResult | null> => {
  const denied = await access(device, constants.R_OK | constants.W_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => `${device} cannot be opened: ${error.code}`,
  );
  return denied ? { works: false, reason: denied } : await knownProbe(cacheDir);
};

/** What an earlier probe found, without booting anything; null where none has been made. */
export const knownProbe = async (cacheDir: string): Promise<ProbeResult | null> =>
  await readProbe(await probeFile(cacheDir));

const readProbe = async (file: string): Promise<ProbeResult | null> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as ProbeResult;
  } catch {
    // None yet, or one that was cut short: it is asked again.
    return null;
  }
};

/** A guest's facts as a verdict on its clock. Pure. */
export const clockVerdict = ({ tsc, clockSource }: Pick<GuestFacts, 'tsc' | 'clockSource'>): ProbeResult => {
  if (!tsc.constant || !tsc.nonstop)
    return { works: false, reason: 'the guest sees no invariant TSC (constant_tsc and nonstop_tsc)' };
  if (!tsc.rdtscp) return { works: false, reason: 'the guest has no rdtscp' };
  if (clockSource !== 'tsc' && clockSource !== 'kvm-clock')
    return {
      works: false,
      reason: `the guest's kernel mistrusts the TSC: its clock source is ${clockSource}`,
    };
  return { works: true };
};

const boot = async (guest: Omit<GuestRequest, 'lens'>): Promise<ProbeResult> => {
  try {
    return await withVm(
      {
        ...guest,
        lens: 'cycles',
        origin: { kind: 'boot', memory: null },
        bootDeadlineMs: probeDeadlineMs,
      },
      async ({ facts }) => clockVerdict(facts),
    );
  } catch (error) {
    if (!(error instanceof RingcrossError) || error.code === 'INTERRUPTED') throw error;
    return {
      works: false,
      reason: `a probe guest under KVM: ${withReason(error)}`,
    };
  }
};

/** One file per boot of the host, number of CPUs, and QEMU: a change of any of them asks again. */
const probeFile = async (cacheDir: string): Promise<string> => {
  const { stdout } = await execa(qemuProgram, ['--version']);
  const key = createHash('sha256').update(JSON.stringify([stdout, await hostBoot(), availableParallelism()]));
  return join(cacheDir, 'probes', `${key.digest('hex').slice(0, 32)}.json`);
};
