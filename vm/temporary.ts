// Folders for as long as something runs. None outlives us for long, however we end.
import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'ringcross-';
const open = new Set<string>();

// An exit without unwinding, as after a second Ctrl-C, takes the folders along.
process.on('exit', () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

let isSwept = false;

/** Hands `use` a new folder, named after our process, and removes it afterwards. */
export const withTemporaryFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  if (!isSwept) removeStale();
  isSwept = true;
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  open.add(folder);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    open.delete(folder);
  }
};

/** Removes the folders of processes that were killed before they could. */
const removeStale = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
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
