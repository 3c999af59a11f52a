// A template: a guest that was booted once, made ready and frozen, so that others begin where it stopped.
import { createHash } from 'node:crypto';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ClockReading, type GuestFacts, parcelOffsets } from '../guest/protocol/messages.ts';
import { findProgram } from './find-program.ts';
import { hostBoot } from './host-boot.ts';
import { writeParcel } from './parcel.ts';
import { qemuArgs } from './qemu-args.ts';
import { qemuProgram } from './qemu-process.ts';
import { rehearsalFiles, rehearsalMessages } from './rehearsal.ts';
import { type Frozen, type GuestRequest, withVm } from './vm.ts';

/** Changes whenever a guest is made ready for freezing in another way, so that an older template is not taken. */
const recipe = 1;

const recordSchema = z.object({
  key: z.string(),
  /** The host's boot in which it was made: nobody has made sure that its memory reached the disk. */
  hostBoot: z.string(),
  built: z.string(),
  /** From spawn to hello, milliseconds. */
  bootMs: z.number(),
  /** From hello to the frozen state, milliseconds. */
  freezeMs: z.number(),
  commandLine: z.array(z.string()),
  facts: z.custom<GuestFacts>((value) => typeof value === 'object' && value !== null),
  /** Of the guest's clocks, when it had said hello. */
  clock: z.custom<ClockReading>((value) => typeof value === 'object' && value !== null),
});

type TemplateRecord = z.infer<typeof recordSchema>;

export interface Template extends Frozen, TemplateRecord {
  dir: string;
}

/**
 * What a template is found by, hex: all that QEMU is called with, whose paths are those of files that are kept by digest,
 * the kernel's build id, QEMU itself, and the host's boot.
 */
export const templateKey = async (request: GuestRequest, tscKhz: number | null): Promise<string> => {
  const memory = { path: 'memory', use: 'template' } as const;
  const args = qemuArgs({ ...request, memory, tscKhz, parcel: null, consoleLog: null });
  const rehearsal = [rehearsalFiles().map(({ path, content }) => [path, `${content}`]), rehearsalMessages()];
  const identity = [recipe, args, rehearsal, request.buildId, await qemuIdentity(), await hostBoot()];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
};

/** Two builds of one version may disagree on the state of a device. */
const qemuIdentity = async (): Promise<unknown> => {
  const path = await realpath((await findProgram(qemuProgram)) ?? '/');
  const { size, mtimeMs } = await stat(path);
  return [path, size, mtimeMs];
};

const files = {
  rehearsal: 'rehearsal',
  memory: 'memory',
  state: 'state',
  console: 'console.log',
  record: 'template.json',
} as const;

/** The template in a folder; null where there is none, or one that is not whole. */
export const readTemplate = async (dir: string): Promise<Template | null> => {
  const text = await readFile(join(dir, files.record), 'utf8').catch(() => '');
  try {
    return { ...recordSchema.parse(JSON.parse(text)), ...framed(dir), dir };
  } catch {
    return null;
  }
};

const framed = (dir: string): Omit<Frozen, 'facts'> => ({
  memory: join(dir, files.memory),
  state: join(dir, files.state),
  console: join(dir, files.console),
});

/** Boots a guest and freezes it into an empty folder. Errors: those of `withVm`, TEMPLATE_FREEZE. */
export const makeTemplate = async (request: GuestRequest, key: string, dir: string): Promise<void> => {
  const { memory, state, console } = framed(dir);
  const parcel = join(dir, files.rehearsal);
  await writeParcel(parcel, rehearsalFiles(), parcelOffsets.rehearsal);
  const boot = { ...request, parcel, consoleLog: console, origin: { kind: 'boot', memory } } as const;
  await withVm(boot, async (vm) => {
    const started = performance.now();
    const clock = await vm.readClock();
    await vm.rehearse();
    await vm.freeze(state);
    const record: TemplateRecord = {
      key,
      hostBoot: await hostBoot(),
      built: new Date().toISOString(),
      bootMs: Math.round(vm.bootMs),
      freezeMs: Math.round(performance.now() - started),
      commandLine: [...vm.commandLine],
      facts: vm.facts,
      clock,
    };
    await writeFile(join(dir, files.record), `${JSON.stringify(record, null, 2)}\n`);
  });
};
