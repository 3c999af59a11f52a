// What the CPU of a lens can do, as QEMU tells it of one that it has made and not started.
import { boardRecords } from './board.ts';
import { RingcrossError } from './errors.ts';
import { type Lens, lensRecords } from './lens.ts';
import { qmpArgs } from './qemu-args.ts';
import { startQemu } from './qemu-process.ts';

/** Whether the CPU has it; of a name that QEMU does not know, null. */
export type CpuFeatures = ReadonlyMap<string, boolean | null>;

/**
 * Which of the features the CPU has that a lens gives its guests on this host, by QEMU's names and those of /proc/cpuinfo
 * that it knows: `fsgsbase`, `sse4_1`. What the model names and the emulator cannot do is not there.
 * Errors: QMP_ERROR and QEMU_EXITED where QEMU cannot make it, as of the lens `cycles` on a host without KVM.
 */
export const cpuFeatures = async (lens: Lens, names: readonly string[]): Promise<CpuFeatures> => {
  const { cpu, accelerator } = lensRecords[lens];
  await using qemu = startQemu([
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-machine', boardRecords.microvm.machine, ...accelerator, '-cpu', cpu],
    ...qmpArgs,
  ]);
  await qemu.qmp.negotiate();
  const [first] = (await qemu.qmp.execute('query-cpus-fast')) as { 'qom-path': string }[];
  const ask = async (property: string): Promise<boolean | null> => {
    const path = first?.['qom-path'];
    const value = await qemu.qmp.execute('qom-get', { path, property }).catch((error: unknown) => {
      if (error instanceof RingcrossError && error.code === 'QMP_ERROR') return null;
      throw error;
    });
    return typeof value === 'boolean' ? value : null;
  };
  return new Map(await Promise.all(names.map(async (name) => [name, await ask(name)] as const)));
};
