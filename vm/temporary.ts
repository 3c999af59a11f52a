// Folders for as long as something runs. None outlives us for long, however we end.
import { lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'ringcross-';
const open = new Set<string>();

// An exit without unwinding, as after a second Ctrl-C, takes the folders along.
process.on('exit', () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

const swept = new Set<string>();

/**
 * Hands `use` a new folder inside `parent`, named after our process, and removes what is left of it afterwards.
 * The first time in a parent, those of processes that were killed are removed too.
 */
export const withTemporaryFolder = async <T>(
  use: (folder: string) => Promise<T>,
  parent = tmpdir(),
): Promise<T> => {
  if (!swept.has(parent)) removeStale(parent);
  swept.add(parent);
  const folder = await mkdtemp(join(parent, `${prefix}${pidNamespace()}-${process.pid}-`));
  open.add(folder);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    open.delete(folder);
  }
};

/** A process id means nothing in another container that shares the folder. */
const pidNamespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';

const removeStale = (parent: string): void => {
  const ours = new RegExp(`^${prefix}${pidNamespace()}-(\\d+)-`);
  for (const name of readdirSync(parent)) {
    const pid = ours.exec(name)?.[1];
    const folder = join(parent, name);
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      if (lstatSync(folder).uid === process.getuid?.()) rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      // Another process of ours removes it at this moment.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is there, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};
