// What `npm run bench` and `npm run soak` start: guests of the default kernel.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../host/cache.ts';
import { ensureGuestImages } from '../host/guest-images.ts';
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
  const images = await ensureGuestImages();
  return {
    kernel,
    request: (lens, parcel) => ({
      lens,
      kernel: kernel.vmlinux,
      buildId: kernel.buildId,
      root: images.root.path,
      agent: images.agent.path,
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
