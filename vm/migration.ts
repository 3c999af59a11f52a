// Freezing a guest into files and letting a clone go on from them, by QEMU's migration without its memory: that stays
// in the file that it is mapped from (capability x-ignore-shared, migration/ram.c).
import { setTimeout as delay } from 'node:timers/promises';
import { canAccess } from './can-access.ts';
import { RingcrossError } from './errors.ts';
import { inheritedFds } from './qemu-args.ts';
import type { QemuVersion, Qmp } from './qmp.ts';
import { shellWord } from './ssh-link.ts';

const leaveMemory = async (qmp: Qmp): Promise<void> => {
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  await qmp.execute('migrate-set-capabilities', { capabilities });
};

interface MigrationState {
  status?: string;
  'error-desc'?: string;
  'blocked-reasons'?: string[];
}

/** Told before anything is done for a guest that cannot be frozen. Errors: TEMPLATE_FREEZE. */
export const requireFreezable = async (qmp: Qmp): Promise<void> => {
  const { 'blocked-reasons': reasons = [] } = (await qmp.execute('query-migrate')) as MigrationState;
  if (reasons.length > 0)
    throw new RingcrossError(
      'TEMPLATE_FREEZE',
      `expected a guest that QEMU can freeze, but it says: ${reasons.join('; ')}`,
    );
};

/**
 * Stops the guest for good and writes the state of its devices to a file. The guest runs until then, so a clone runs
 * by itself. Errors: TEMPLATE_FREEZE.
 */
export const freezeInto = async (qmp: Qmp, file: string): Promise<void> => {
  try {
    await leaveMemory(qmp);
    // QEMU passes over how the command ends; the file has its name only if all of it was written.
    const part = shellWord(`${file}.part`);
    await qmp.execute('migrate', { uri: `exec:cat >${part} && mv ${part} ${shellWord(file)}` });
    for (;;) {
      const { status, 'error-desc': error } = (await qmp.execute('query-migrate')) as MigrationState;
      if (status === 'completed') return await isThere(file);
      if (status === 'failed' || status === 'cancelled') throw new Error(error ?? `it has ${status}`);
      await delay(2);
    }
  } catch (cause) {
    const { message } = cause as Error;
    throw new RingcrossError('TEMPLATE_FREEZE', `expected QEMU to freeze a guest, but: ${message}`, {
      cause,
    });
  }
};

/** The command may end a moment after QEMU is done with it. Throws where the file does not come. */
const isThere = async (file: string): Promise<void> => {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await canAccess(file)) return;
    await delay(5);
  }
  throw new Error(`its state was not written to ${file} as a whole`);
};

/** QEMU reads files by `file:` since 8.2, and is to stop to take them by `fd:`, which 9.1 deprecates. Pure. */
export const inheritedState = ({ major, minor }: QemuVersion): string =>
  major > 8 || (major === 8 && minor >= 2)
    ? `file:/dev/fd/${inheritedFds.state}`
    : `fd:${inheritedFds.state}`;

/** Loads the device state from the inherited descriptor; the guest then runs. What fails meanwhile ends QEMU. */
export const resumeFrom = async (qmp: Qmp): Promise<void> => {
  await leaveMemory(qmp);
  await qmp.execute('migrate-incoming', { uri: inheritedState(await qmp.version()) });
};
