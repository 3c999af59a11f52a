// Finds a kernel in the cache, or builds it or takes it as shipped.

import { diskFullError, tellsDiskFull } from '../../vm/disk-space.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withFileLock } from '../../vm/file-lock.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';
import { cacheRoot } from '../cache.ts';
import { buildKernel } from './build.ts';
import { adoptKernel } from './image/adopt.ts';
import { imageKey, requestKey } from './kernel-key.ts';
import {
  defaultConfigFolder,
  type ImagePlan,
  type KernelPlan,
  readKernelsFile,
  readPlan,
} from './kernels-file.ts';
import { type KernelProgress, progressReporter } from './progress.ts';
import { type BuiltKernel, findByRequest, recordRequest, storePaths } from './store.ts';
import { readToolchain, requireTools, type Toolchain } from './toolchain.ts';

export interface ConfigFolderOption {
  /** The folder of kernels.json, its lock and the fragments; the repository's own by default. */
  configFolder?: string | undefined;
}

export interface KernelOptions extends ConfigFolderOption {
  /** Raised: make and its children end, the work folder is removed, and `INTERRUPTED` is thrown. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: KernelProgress) => void) | undefined;
}

/**
 * The kernel of that name in kernels.json: from the cache, or else built or taken as shipped. Two callers that want a
 * build wait for each other, also across processes.
 * @throws RingcrossError with a code `KERNEL_*`, `DISK_FULL`, `FILE_LOCK` or `INTERRUPTED`.
 */
export async function ensureKernel(name: string, options: KernelOptions = {}): Promise<BuiltKernel> {
  const report = progressReporter(options.onProgress);
  const plan = await readPlan(name, options.configFolder ?? defaultConfigFolder);
  const found = await findPlanned(plan, await readToolchain());
  if (found !== undefined) return found;

  await requireTools(plan.source.tools);
  refuseCachePath();
  const toolchain = await readToolchain();
  if (toolchain === undefined)
    throw new RingcrossError('KERNEL_TOOLS', 'gcc and ld are there but cannot run');
  const paths = storePaths();
  const lockOptions = {
    signal: options.signal,
    onWait: () => report('wait', 'another process is making a kernel', null),
  };
  try {
    return await withFileLock(plan.kind === 'image' ? paths.imageLock : paths.lock, lockOptions, async () => {
      // Whoever held the lock before may have built this very kernel.
      const built = await findPlanned(plan, toolchain);
      if (built !== undefined) return built;
      const context = { paths, toolchain, signal: options.signal, report };
      const kernel = await (plan.kind === 'image' ? adoptKernel(plan, context) : buildKernel(plan, context));
      await recordRequest(paths, requestKeyOf(plan, toolchain), kernel.dir);
      return kernel;
    });
  } catch (error) {
    throwIfInterrupted(options.signal);
    if (tellsDiskFull(error)) throw diskFullError(paths.kernels, { cause: error });
    throw error;
  }
}

/** The kernel of that name if it is in the cache, built by this host's toolchain from the files as they are now. */
export async function findKernel(
  name: string,
  { configFolder = defaultConfigFolder }: ConfigFolderOption = {},
): Promise<BuiltKernel | undefined> {
  const [plan, toolchain] = await Promise.all([readPlan(name, configFolder), readToolchain()]);
  return findPlanned(plan, toolchain);
}

/** Every kernel of kernels.json, in its order, with what the cache has of it. */
export async function listKernels({
  configFolder = defaultConfigFolder,
}: ConfigFolderOption = {}): Promise<{ name: string; version: string; built: BuiltKernel | undefined }[]> {
  const [{ kernels }, toolchain] = await Promise.all([readKernelsFile(configFolder), readToolchain()]);
  return Promise.all(
    Object.keys(kernels).map(async (name) => {
      const plan = await readPlan(name, configFolder);
      return { name, version: plan.source.version, built: await findPlanned(plan, toolchain) };
    }),
  );
}

/** The name of the kernel that is meant when none is named. */
export async function defaultKernelName({
  configFolder = defaultConfigFolder,
}: ConfigFolderOption = {}): Promise<string> {
  return (await readKernelsFile(configFolder)).default;
}

async function findPlanned(
  plan: KernelPlan | ImagePlan,
  toolchain: Toolchain | undefined,
): Promise<BuiltKernel | undefined> {
  // Without a compiler there is no kernel of this compiler.
  return toolchain && findByRequest(storePaths(), plan.name, requestKeyOf(plan, toolchain));
}

function requestKeyOf(plan: KernelPlan | ImagePlan, toolchain: Toolchain): string {
  if (plan.kind === 'image') return imageKey(plan.source.facts, toolchain);
  return requestKey(plan.source.facts.sha256, plan.requests, toolchain);
}

// The kernel's top Makefile refuses such paths itself, but only after the source has been fetched and unpacked.
function refuseCachePath(): void {
  const root = cacheRoot();
  if (!/[\s:]/.test(root)) return;
  throw new RingcrossError(
    'KERNEL_CACHE_PATH',
    `expected a cache path without spaces and colons, which the kernel's make cannot build below; got ${root}. ` +
      'Set XDG_CACHE_HOME to another folder',
  );
}
