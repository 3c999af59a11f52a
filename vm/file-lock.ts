// A lock between processes that the kernel frees when its holder dies, however it dies.

import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { RingcrossError } from './errors.ts';
import { throwIfInterrupted } from './interrupted.ts';

export interface FileLockOptions {
  /** Ends the waiting with `INTERRUPTED`. Work that already runs under the lock watches the signal itself. */
  signal?: AbortSignal | undefined;
  /** Called once, when another holder makes us wait. */
  onWait?: (() => void) | undefined;
}

/**
 * Runs `work` while no other process or caller holds the lock on `path`; the file is created and stays.
 * Not re-entrant: work that asks for its own lock again waits for ever.
 *
 * Node.js has no flock(2), so a child process of util-linux's flock(1) holds it. Its standard input is our
 * pipe: when we die, even by SIGKILL, the pipe ends, the child with it, and the lock is free.
 */
export async function withFileLock<T>(
  path: string,
  options: FileLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let holder = await startHolder(
    path,
    ['--nonblock', '--conflict-exit-code', String(heldByAnother)],
    options,
  );
  if (holder === undefined) {
    options.onWait?.();
    holder = await startHolder(path, [], options);
  }
  if (holder === undefined) throw new RingcrossError('FILE_LOCK', `bug: flock gave up waiting for ${path}`);
  try {
    return await work();
  } finally {
    await holder.release();
  }
}

interface Holder {
  release(): Promise<void>;
}

// Any status that neither sh nor flock uses itself.
const heldByAnother = 75;

// A terminal sends Ctrl-C to the whole foreground group. The holder must outlast it: we still tidy up then.
const holderScript = 'trap "" INT HUP TERM; echo held; exec cat >/dev/null';

async function startHolder(
  path: string,
  flags: readonly string[],
  { signal }: FileLockOptions,
): Promise<Holder | undefined> {
  // A signal that was raised before raises no event any more.
  throwIfInterrupted(signal);
  const child = execa('flock', ['--no-fork', ...flags, path, 'sh', '-c', holderScript], {
    stdin: 'pipe',
    reject: false,
    // SIGTERM would be ignored once the lock is held; by then the signal is none of the holder's business.
    killSignal: 'SIGKILL',
  });
  const stopWaiting = () => child.kill();
  signal?.addEventListener('abort', stopWaiting, { once: true });
  try {
    // Resolves with the line `held`, or with the end of a child that did not get that far.
    const held = await Promise.race([once(child.stdout, 'data').then(() => true), child.then(() => false)]);
    if (held && !signal?.aborted) {
      return {
        async release() {
          child.stdin.end();
          await child;
        },
      };
    }
  } finally {
    signal?.removeEventListener('abort', stopWaiting);
  }
  throwIfInterrupted(signal);
  const { exitCode, stderr, shortMessage, cause } = await child;
  if (exitCode === heldByAnother) return undefined;
  throw new RingcrossError('FILE_LOCK', `cannot lock ${path}: ${stderr || shortMessage}`, { cause });
}
