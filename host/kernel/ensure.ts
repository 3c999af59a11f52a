// Finds a kernel in the cache, or builds it or takes it as shipped.

import { diskFullError, tellsDiskFull } from '../../vm/disk-space.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withFileLock } from '../../vm/file-lock.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';
import { cacheRoot } from '../cache.ts';
import { buildKernel, sourceContext } from './build.ts';
import { defaultConfigFolder } from './config-folder.ts';
import { adoptKernel } from './image/adopt.ts';
import { imageKey, requestKey } from './kernel-key.ts';
import { readKernelList } from './kernel-list.ts';
import { type KernelPlan, readKernelPlan } from './kernel-plan.ts';
import { type KernelProgress, progressReporter, type ReportProgress } from './progress.ts';
import type { SourceContext } from './sources/source.ts';
import { type BuiltKernel, findByRequest, recordRequest, type StorePaths, storePaths } from './store.ts';
import { readToolchain, requireTools, type Toolchain } from './toolchain.ts';

export interface ConfigFolderOption {
  /**
   * The folder of kernels.json, its lock and the fragments, if there is one: it extends ringcross' own, which is
   * the default.
   */
  configFolder?: string | undefined;
}

export interface KernelOptions extends ConfigFolderOption {
  /** Raised: make and its children end, the work folder is removed, and `INTERRUPTED` is thrown. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: KernelProgress) => void) | undefined;
}

/**
 * The kernel of that name in kernels.json, or the flavour of one: from the cache, or else built, or
 * taken as shipped. Two callers that want a build wait for each other, also across processes.
 * @throws RingcrossError with a code `KERNEL_*`, `DISK_FULL`, `FILE_LOCK` or `INTERRUPTED`.
 */
export async function ensureKernel(name: string, options: KernelOptions = {}): Promise<BuiltKernel> {
  const plan = await readKernelPlan(name, options.configFolder ?? defaultConfigFolder);
  const found = await findPlanned(plan, await readToolchain());
  if (found !== undefined) return found;

  await requireTools(plan.source.tools);
  refuseCachePath();
  const toolchain = await readToolchain();
  if (toolchain === undefined) throw unusableToolchain();
  const { signal } = options;
  return withStore(options, async ({ paths, report }) => {
    // Whoever held the lock before may have built this very kernel.
    const built = await findPlanned(plan, toolchain);
    if (built !== undefined) return built;
    const make = plan.source.layout === 'packages' ? adoptKernel : buildKernel;
    const kernel = await make(plan, { paths, toolchain, signal, report });
    await recordRequest(paths, requestKeyOf(plan, toolchain), kernel.dir);
    return kernel;
  });
}

export interface Store extends SourceContext {
  paths: StorePaths;
  report: ReportProgress;
}

/**
 * Runs `work` while no other process builds, looks up or removes kernels in this cache.
 * @throws RingcrossError `DISK_FULL`, `FILE_LOCK` or `INTERRUPTED`, and what `work` throws.
 */
export async function withStore<T>(
  { signal, onProgress }: Pick<KernelOptions, 'signal' | 'onProgress'>,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const paths = storePaths();
  const report = progressReporter(onProgress);
  const store: Store = { paths, report, ...sourceContext({ paths, signal, report }, 'fetch') };
  const onWait = () => report('wait', 'another process is at work on kernels', null);
  try {
    return await withFileLock(paths.lock, { signal, onWait }, () => work(store));
  } catch (error) {
    throwIfInterrupted(signal);
    if (tellsDiskFull(error)) throw diskFullError(paths.kernels, { cause: error });
    throw error;
  }
}

/** The kernel of that name if it is in the cache, built by this host's toolchain from the files as they are now. */
export async function findKernel(
  name: string,
  { configFolder = defaultConfigFolder }: ConfigFolderOption = {},
): Promise<BuiltKernel | undefined> {
  const [plan, toolchain] = await Promise.all([readKernelPlan(name, configFolder), readToolchain()]);
  return findPlanned(plan, toolchain);
}

/** What is known of a kernel before any work. */
export interface KernelPreview {
  name: string;
  version: string;
  /** Digest of source, options, toolchain and recipe: equal ones lead to the same kernel. */
  request: string;
  /** Of a reviewed build, or about as many as most have, none where nothing is built: the same on every machine. */
  steps: number;
  /** What the cache has. */
  built: BuiltKernel | undefined;
}

/**
 * Looks a kernel up without building it.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG`, `KERNEL_CONTRADICTION`, or `KERNEL_TOOLS` without a toolchain.
 */
export async function previewKernel(
  name: string,
  { configFolder = defaultConfigFolder }: ConfigFolderOption = {},
): Promise<KernelPreview> {
  const plan = await readKernelPlan(name, configFolder);
  const toolchain = await readToolchain();
  if (toolchain === undefined) {
    await requireTools(plan.source.tools);
    throw unusableToolchain();
  }
  return {
    name,
    version: plan.source.version,
    request: requestKeyOf(plan, toolchain),
    steps: plan.source.layout === 'packages' ? 0 : (plan.reviewedBuild?.steps ?? typicalSteps),
    built: await findPlanned(plan, toolchain),
  };
}

// 5.10 to 7.3, configured as ringcross' own, take about as many.
const typicalSteps = 1400;

function unusableToolchain(): RingcrossError {
  return new RingcrossError('KERNEL_TOOLS', 'gcc and ld are there but cannot run');
}

/** The name of the kernel that is meant when none is named. */
export async function defaultKernelName({
  configFolder = defaultConfigFolder,
}: ConfigFolderOption = {}): Promise<string> {
  return (await readKernelList(configFolder)).default;
}

/** The kernel of this plan if it is in the cache, built by this toolchain. */
export async function findPlanned(
  plan: KernelPlan,
  toolchain: Toolchain | undefined,
): Promise<BuiltKernel | undefined> {
  // Without a compiler there is no kernel of this compiler.
  return toolchain && findByRequest(storePaths(), plan.name, requestKeyOf(plan, toolchain));
}

/** What a build of this plan is found by. */
export function requestKeyOf(plan: KernelPlan, toolchain: Toolchain): string {
  const { layout, digest } = plan.source;
  return layout === 'packages' ? imageKey(digest, toolchain) : requestKey(digest, plan.requests, toolchain);
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
