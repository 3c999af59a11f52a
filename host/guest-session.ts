// A fresh guest for one command or one person.
import type { Lens } from '../vm/lens.ts';
import { type Vm, withVm } from '../vm/vm.ts';
import { ensureGuestImages } from './guest-images.ts';
import { ensureKernel } from './kernel/index.ts';
import { kernelReporter, type Progress } from './progress.ts';

export interface SessionOptions {
  kernel: string;
  lens: Lens;
  memoryMiB: number;
  signal: AbortSignal;
  progress: Progress;
}

/** Builds what is missing, boots, hands the guest over and stops it. Errors: those of kernels, images and `withVm`. */
export const withGuest = async <T>(options: SessionOptions, use: (vm: Vm) => Promise<T>): Promise<T> => {
  const { signal, progress } = options;
  const kernel = await ensureKernel(options.kernel, {
    signal,
    onProgress: kernelReporter(options.kernel, progress),
  });
  const images = await ensureGuestImages();
  progress.update(`kernel ${kernel.name}: booting`);
  return await withVm(
    {
      lens: options.lens,
      kernel: kernel.vmlinux,
      buildId: kernel.buildId,
      root: images.root.path,
      agent: images.agent.path,
      memoryMiB: options.memoryMiB,
      cmdline: '',
      consoleLog: null,
      signal,
    },
    use,
  );
};
