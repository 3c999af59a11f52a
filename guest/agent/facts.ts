// What this guest is. Every fact is read here and now; one that cannot be read is null.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { native } from '../native.ts';
import type { ClockReading, GuestFacts } from '../protocol/messages.ts';

export const readFacts = (): GuestFacts => {
  const cpuinfo = text('/proc/cpuinfo') ?? '';
  const cpuFlags = (field(cpuinfo, 'flags') ?? '').split(' ').filter(Boolean);
  return {
    release: text('/proc/sys/kernel/osrelease') ?? '',
    bootId: text('/proc/sys/kernel/random/boot_id') ?? '',
    buildId: readBuildId(),
    node: process.version,
    cpuModel: field(cpuinfo, 'model name'),
    cpuFlags,
    cpus: availableParallelism(),
    memoryKiB: memoryKiB(),
    cmdline: text('/proc/cmdline'),
    clockSource: clockSource(),
    tsc: {
      constant: cpuFlags.includes('constant_tsc'),
      nonstop: cpuFlags.includes('nonstop_tsc'),
      rdtscp: cpuFlags.includes('rdtscp'),
    },
    mitigations: readMitigations(),
  };
};

export const readClock = (): ClockReading => ({
  tsc: `${native().tsc()}`,
  monotonicNs: `${process.hrtime.bigint()}`,
  clockSource: clockSource(),
});

const clockSource = (): string | null =>
  text('/sys/devices/system/clocksource/clocksource0/current_clocksource');

/**
 * The GNU build id among ELF notes: each is name size, description size and type as 32-bit words, then both padded to
 * four bytes (elf(5), NT_GNU_BUILD_ID = 3). Hex, or null.
 */
export const buildIdOf = (notes: Buffer): string | null => {
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    const nameAt = at + 12;
    const descriptionAt = nameAt + align(nameSize);
    const name = notes.toString('latin1', nameAt, nameAt + nameSize);
    if (type === 3 && name === 'GNU\0') return notes.toString('hex', descriptionAt, descriptionAt + size);
    at = descriptionAt + align(size);
  }
  return null;
};

const align = (size: number): number => (size + 3) & ~3;

const readBuildId = (): string | null => {
  try {
    return buildIdOf(readFileSync('/sys/kernel/notes'));
  } catch {
    return null;
  }
};

const memoryKiB = (): number | null => {
  const total = field(text('/proc/meminfo') ?? '', 'MemTotal');
  return total === null ? null : Number.parseInt(total, 10);
};

const readMitigations = (): Record<string, string> => {
  const folder = '/sys/devices/system/cpu/vulnerabilities';
  try {
    return Object.fromEntries(readdirSync(folder).map((name) => [name, text(`${folder}/${name}`) ?? '']));
  } catch {
    return {};
  }
};

const text = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
};

/** What stands behind the name and its colon, of the first line that has it. No expression: compiling one is much code. */
const field = (lines: string, name: string): string | null => {
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(':');
    if (colon >= 0 && line.slice(0, colon).trim() === name) return line.slice(colon + 1).trim();
  }
  return null;
};
