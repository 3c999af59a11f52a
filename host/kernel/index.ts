// Kernels by name: found in the cache, or fetched, configured, checked and built.

export {
  type ConfigFolderOption,
  defaultKernelName,
  ensureKernel,
  findKernel,
  type KernelOptions,
  kernelRequestKey,
  listKernels,
} from './ensure.ts';
export type { KernelProgress, KernelStage } from './progress.ts';
export type { BuiltKernel, KernelFacts } from './store.ts';
