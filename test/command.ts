// The command as a person starts it, for tests.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { ownRoot } from '../host/project.ts';

// What GitHub's runner sets is not for the runs of tests: they would report to its page.
const notInCi = { GITHUB_ACTIONS: undefined, GITHUB_STEP_SUMMARY: undefined };

export const ringcross = (args: readonly string[], input = '') =>
  execa(join(ownRoot, 'bin/ringcross'), args, { reject: false, input, env: notInCi });

/** Waits until `look` gives something; throws after the deadline. */
export const waitFor = async <T>(
  what: string,
  ms: number,
  look: () => Promise<T | null>,
  everyMs = 50,
): Promise<T> => {
  for (const end = Date.now() + ms; Date.now() < end; await delay(everyMs)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`waited ${ms} ms for ${what}`);
};

/** The guest's QEMU that a process started, by its command line (not one that is asked for its version); null while there is none. */
export const qemuOf = async (pid: number): Promise<number | null> => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.startsWith('qemu-system-x86_64\0-nodefaults\0')) return Number(child);
  }
  return null;
};

/** Null while the process is there, true when it has gone. */
export const gone = async (pid: number): Promise<true | null> => {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // A dead child that its new parent has not collected yet is gone too.
  return state === null || state.includes(') Z ') ? true : null;
};
