// Guests of the default kernel, for `npm run bench`, `npm run soak` and tests, and what disturbs them.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheRoot } from '../host/cache.ts';
import { ensureGuestImages, guestOf } from '../host/guest-images.ts';
import { type BuiltKernel, ensureKernel } from '../host/kernel/index.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import type { Lens } from '../vm/lens.ts';
import type { TemplateStore } from '../vm/template-store.ts';
import type { GuestRequest } from '../vm/vm.ts';

export interface Guests {
  kernel: BuiltKernel;
  request: (lens: Lens, parcel?: string) => GuestRequest;
}

export const findGuests = async (): Promise<Guests> => {
  const project = await loadProject(ownRoot);
  const kernel = await ensureKernel(project.kernels[0] ?? '', { signal: undefined, onProgress: () => {} });
  const guest = await guestOf(kernel, await ensureGuestImages());
  return {
    kernel,
    request: (lens, parcel) => ({
      lens,
      ...guest,
      parcel: parcel ?? null,
      memoryMiB: project.memoryMiB,
      cmdline: '',
      consoleLog: null,
    }),
  };
};

/** The host's own templates, or others in a folder that is given. */
export const templates = (folder = join(cacheRoot(), 'templates')): TemplateStore => ({
  folder,
  limitBytes: Number.POSITIVE_INFINITY,
  note: (text) => console.error(text),
});

/** The process ids of the QEMUs that this process has started. */
export const ownGuests = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
    const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
    if (command.startsWith('qemu-system-x86_64\0') && parent === `${process.pid}`) found.push(pid);
  }
  return found;
};

/** Starts programs that want every CPU, two for each; disposing of the result ends them. */
export const overload = (): Disposable => {
  const burners = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
  return {
    [Symbol.dispose]: () => {
      for (const burner of burners) burner.kill('SIGKILL');
    },
  };
};
