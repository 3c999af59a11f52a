// Pins a guest's virtual CPUs, for the lens whose ticks are real cycles.
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { RingcrossError } from './errors.ts';
import type { Qmp } from './qmp.ts';

/**
 * Which host CPU each virtual CPU gets of those that may be used: the last ones, since the first takes most interrupts.
 * Null where there are too few to give each its own.
 */
export const pinning = (allowed: readonly number[], virtualCpus: number): number[] | null =>
  virtualCpus > allowed.length ? null : allowed.slice(allowed.length - virtualCpus);

/** `0-3,8` of /proc/self/status as numbers (proc_pid_status(5), Cpus_allowed_list). */
export const parseCpuList = (list: string): number[] =>
  list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });

/** Pins every virtual CPU thread with sched_setaffinity(2), by taskset(1). Errors: LENS_REFUSED. */
export const pinVcpus = async (qmp: Qmp): Promise<void> => {
  await qmp.negotiate();
  const vcpus = (await qmp.execute('query-cpus-fast')) as { 'thread-id': number }[];
  const status = await readFile('/proc/self/status', 'utf8');
  const allowed = parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  const hosts = pinning(allowed, vcpus.length);
  if (!hosts)
    throw new RingcrossError(
      'LENS_REFUSED',
      `expected ${vcpus.length} host CPUs to pin virtual CPUs to, but this process may use ${allowed.length}`,
    );
  for (const [index, vcpu] of vcpus.entries()) {
    const result = await execa(
      'taskset',
      ['--pid', '--cpu-list', `${hosts[index]}`, `${vcpu['thread-id']}`],
      {
        reject: false,
      },
    );
    if (result.failed)
      throw new RingcrossError(
        'LENS_REFUSED',
        `expected to pin a virtual CPU to ${hosts[index]}, but: ${result.stderr}`,
      );
  }
};
