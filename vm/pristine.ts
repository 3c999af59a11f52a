// A guest that nobody has used: a clone of a template where this host can have one, else one that boots.
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, RingcrossError, withReason } from './errors.ts';
import { lensRecords } from './lens.ts';
import { type ClockMoment, restoredClockVerdict } from './restored-clock.ts';
import { isSystemError } from './system-error.ts';
import type { Template } from './template.ts';
import { ensureTemplate, type TemplateStore } from './template-store.ts';
import { type GuestRequest, type Origin, type Vm, withVm } from './vm.ts';

/** How a guest came to be. */
export type Start =
  | { kind: 'clone'; template: Template }
  /** `reason`: why it is no clone; null where none was wanted. */
  | { kind: 'boot'; reason: string | null };

/** Why clones of a template cannot be had here, by what they were asked for: asked once a process. */
const refused = new Map<string, string>();

/**
 * Hands `use` a pristine guest and stops it afterwards. A template that does not restore is made anew, once; where there
 * can be none the guest boots. Errors: those of `withVm` and `use`.
 */
export const withPristineVm = async <T>(
  request: GuestRequest,
  store: TemplateStore | null,
  use: (vm: Vm, start: Start) => Promise<T>,
): Promise<T> => {
  const start = (origin: Origin, how: Start, check?: (vm: Vm) => Promise<void>) => {
    let isUsed = false;
    return withVm({ ...request, origin }, async (vm) => {
      await check?.(vm);
      isUsed = true;
      return await use(vm, how);
    }).catch((error: unknown) => {
      // What fails before anybody has used the clone may be tried again.
      throw origin.kind === 'clone' && !isUsed && isOfClone(error) ? new RestoreFailure(error) : error;
    });
  };
  const boot = (reason: string | null) => start({ kind: 'boot', memory: null }, { kind: 'boot', reason });
  if (store === null) return await boot(null);
  const { lens, kernel, root, agent, memoryMiB, cmdline } = request;
  const asked = JSON.stringify([store.folder, lens, kernel, root, agent, memoryMiB, cmdline]);
  const known = refused.get(asked);
  if (known !== undefined) return await boot(known);
  let broken: Template | null = null;
  for (;;) {
    let template: Template;
    try {
      template = await ensureTemplate(store, request, broken);
    } catch (error) {
      if (!isOfTemplate(error)) throw error;
      return await boot(refuse(store, asked, withReason(error)));
    }
    try {
      return await start({ kind: 'clone', of: template }, { kind: 'clone', template }, (vm) =>
        checkClock(request, vm, template),
      );
    } catch (error) {
      if (!(error instanceof RestoreFailure)) throw error;
      if (broken !== null) return await boot(refuse(store, asked, error.message));
      store.note(`${error.message}; making the template anew`);
      broken = template;
    }
  }
};

class RestoreFailure extends Error {
  constructor(cause: Error) {
    super(`a clone did not come up: ${withReason(cause)}`, { cause });
  }
}

const refuse = (store: TemplateStore, asked: string, reason: string): string => {
  refused.set(asked, reason);
  store.note(`no clones: ${reason}`);
  return reason;
};

/** A guest that did not boot did not boot; everything else about making a template leaves the way of booting. */
const notOfTemplate: readonly ErrorCode[] = [
  'INTERRUPTED',
  'QEMU_MISSING',
  'BOOT_TIMEOUT',
  'GUEST_KERNEL',
  'GUEST_PROTOCOL',
];

const isOfTemplate = (error: unknown): error is Error =>
  error instanceof RingcrossError ? !notOfTemplate.includes(error.code) : isSystemError(error);

const isOfClone = (error: unknown): error is Error =>
  error instanceof RingcrossError
    ? !['INTERRUPTED', 'QEMU_MISSING'].includes(error.code)
    : isSystemError(error);

/** Between two readings of a clone's clocks, milliseconds: a rate that is wrong by a thousandth shows. */
const clockWindowMs = 500;

/** No cycle is published of a clock that was not restored right. Errors: TEMPLATE_RESTORE. */
const checkClock = async ({ lens }: GuestRequest, vm: Vm, template: Template): Promise<void> => {
  if (lensRecords[lens].unit !== 'cycles') return;
  const fault = await clockFault(vm, template);
  if (fault !== null)
    throw new RingcrossError('TEMPLATE_RESTORE', `expected a clone's clock to go on, but ${fault}`);
};

/** Reads a clone's clocks twice, and says why they cannot be trusted, or null. */
export const clockFault = async (vm: Vm, { clock, freezeMs }: Template): Promise<string | null> => {
  const first = await readMoment(vm);
  const ranAtMostMs = freezeMs + vm.bootMs + Number(first.after - first.before) / 1e6;
  await delay(clockWindowMs);
  return restoredClockVerdict(clock, first, await readMoment(vm), ranAtMostMs);
};

/** A reading, and between which moments of the host's clock it was taken. */
const readMoment = async (vm: Pick<Vm, 'readClock'>): Promise<ClockMoment> => {
  const before = process.hrtime.bigint();
  const reading = await vm.readClock();
  return { before, reading, after: process.hrtime.bigint() };
};
