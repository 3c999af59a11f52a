// Kernels by name: found in the cache, or fetched, configured, checked and built; and the files that name them.

export { addKernelTo, type KernelToAdd } from './add-kernel.ts';
export { defaultConfigFolder } from './config-folder.ts';
export {
  type ConfigFolderOption,
  defaultKernelName,
  ensureKernel,
  findKernel,
  type KernelOptions,
  type KernelPreview,
  previewKernel,
} from './ensure.ts';
export { type ListedKernel, listKernels } from './list-kernels.ts';
export type { KernelProgress, KernelStage } from './progress.ts';
export { type Pruned, pruneKernels } from './prune-kernels.ts';
export { isGitUrl } from './sources/git.ts';
export { describePin } from './sources/index.ts';
export { seriesOf } from './sources/kernel-org.ts';
export { describeSource } from './sources/source.ts';
export type { BuiltKernel, KernelFacts } from './store.ts';
export { type KernelChange, updateKernels } from './update-kernels.ts';
