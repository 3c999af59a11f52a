// A fresh guest for one command or one person.
import type { Lens } from '../vm/lens.ts';
import { withPristineVm } from '../vm/pristine.ts';
import type { TemplateStore } from '../vm/template-store.ts';
import type { Vm } from '../vm/vm.ts';
import { ensureGuestImages, guestOf } from './guest-images.ts';
import { ensureKernel } from './kernel/index.ts';
import { kernelReporter, type Progress } from './progress.ts';

export interface SessionOptions {
  kernel: string;
  /** The kernel-config folder that names it. */
  configFolder: string;
  lens: Lens;
  memoryMiB: number;
  /** Where clones come from; null for a guest that boots. */
  templates: TemplateStore | null;
  signal: AbortSignal;
  progress: Progress;
}

/** Builds what is missing, hands a guest over and stops it. Errors: those of kernels, images and `withPristineVm`. */
export const withGuest = async <T>(options: SessionOptions, use: (vm: Vm) => Promise<T>): Promise<T> => {
  const { signal, progress } = options;
  const kernel = await ensureKernel(options.kernel, {
    configFolder: options.configFolder,
    signal,
    onProgress: kernelReporter(options.kernel, progress),
  });
  const images = await ensureGuestImages();
  progress.update(`kernel ${kernel.name}`, 'starting a guest');
  return await withPristineVm(
    {
      lens: options.lens,
      ...(await guestOf(kernel, images)),
      parcel: null,
      memoryMiB: options.memoryMiB,
      cmdline: '',
      consoleLog: null,
      signal,
    },
    options.templates,
    (vm) => use(vm),
  );
};
