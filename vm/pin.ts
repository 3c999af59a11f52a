// Pins a guest's virtual CPUs, for the lens whose ticks are real cycles.
import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import { RingcrossError } from './errors.ts';
import type { Qmp } from './qmp.ts';

/**
 * Which host CPU each virtual CPU gets: the last ones, since the first takes most interrupts. Null where the host has
 * too few to give each its own.
 */
export const pinning = (hostCpus: number, virtualCpus: number): number[] | null =>
  virtualCpus > hostCpus
    ? null
    : Array.from({ length: virtualCpus }, (_, index) => hostCpus - virtualCpus + index);

/** Pins every virtual CPU thread with sched_setaffinity(2), by taskset(1). Errors: LENS_REFUSED. */
export const pinVcpus = async (qmp: Qmp): Promise<void> => {
  await qmp.negotiate();
  const vcpus = (await qmp.execute('query-cpus-fast')) as { 'thread-id': number }[];
  const hosts = pinning(availableParallelism(), vcpus.length);
  if (!hosts)
    throw new RingcrossError(
      'LENS_REFUSED',
      `expected ${vcpus.length} host CPUs to pin virtual CPUs to, but the host has ${availableParallelism()}`,
    );
  for (const [index, vcpu] of vcpus.entries())
    await execa('taskset', ['--pid', '--cpu-list', `${hosts[index]}`, `${vcpu['thread-id']}`]);
};
