// From a kernel's plan to a kept kernel. Runs under the lock of the cache.

import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireSpace } from '../../vm/disk-space.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { fileSha256 } from '../../vm/file-digest.ts';
import { compileKernel } from './compile.ts';
import { configValues } from './config-lines.ts';
import { configureKernel } from './configure.ts';
import { keepBuild, kept } from './keep.ts';
import { kernelKey, recipe, sha256 } from './kernel-key.ts';
import type { KernelPlan } from './kernels-file.ts';
import { expectedSteps, stepFraction } from './make-output.ts';
import type { ReportProgress } from './progress.ts';
import type { KernelSource } from './sources/source.ts';
import {
  type BuiltKernel,
  keptBuilds,
  kernelFolder,
  loadKernel,
  type Manifest,
  makeWorkFolder,
  publishKernel,
  removeTree,
  type StorePaths,
  sourceFile,
} from './store.ts';
import type { Toolchain } from './toolchain.ts';

export interface BuildContext {
  paths: StorePaths;
  toolchain: Toolchain;
  signal: AbortSignal | undefined;
  report: ReportProgress;
}

/** Fetches, unpacks, configures, compiles and keeps. Ends early when the configured kernel is there already. */
export async function buildKernel(plan: KernelPlan, context: BuildContext): Promise<BuiltKernel> {
  const { paths } = context;
  const work = await makeWorkFolder(paths);
  try {
    await requireSpace(work, workBytes);
    const download = await fetchSource(plan.source, context);
    const started = performance.now();
    const tree = await unpackSource(plan, download, work, context);
    const config = await configureKernel(tree, plan, {
      signal: context.signal,
      onProgress: (detail) => context.report('configure', detail, null),
    });
    const configSha256 = sha256(config);
    const key = kernelKey(plan.source.facts.sha256, configSha256, context.toolchain);
    const final = kernelFolder(paths, plan.source.version, key);
    const present = await loadKernel(final, plan.name);
    if (present !== undefined) return present;

    const { steps, log } = await compile(plan, tree, config, key, context);
    const folder = join(work, 'kept');
    await mkdir(folder);
    context.report('keep', 'image, symbols and build tree for modules', null);
    const { release, buildId, imageSha256, imageBytes } = await keepBuild(tree, folder, context.signal);
    await rename(log, join(folder, kept.log));
    const manifest: Manifest = {
      schema: 1,
      name: plan.name,
      version: plan.source.version,
      key,
      release,
      buildId,
      steps,
      facts: {
        source: plan.source.facts,
        configSha256,
        imageSha256,
        compiler: context.toolchain.compiler,
        recipe,
        builtSeconds: Math.round((performance.now() - started) / 100) / 10,
        imageBytes,
      },
    };
    return await publishKernel(folder, final, manifest);
  } finally {
    await removeTree(work);
  }
}

// Measured for 6.12: 1.5 GB of unpacked source, 0.3 GB of objects, 0.1 GB kept, 0.16 GB downloaded.
const workBytes = 2.5e9;

/** The path of a download, which is the cache's or is fetched now, and whose digest is checked. */
export async function fetchSource(
  source: Pick<KernelSource, 'facts' | 'fetch'>,
  context: BuildContext,
): Promise<string> {
  const file = sourceFile(context.paths, source.facts);
  const have = await fileSha256(file, context.signal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (have !== undefined) {
    await refuseOtherDigest(file, have, source.facts.sha256);
    return file;
  }
  await mkdir(context.paths.sources, { recursive: true });
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  await source.fetch(partial, {
    stateFolder: context.paths.apt,
    signal: context.signal,
    onProgress: (detail, fraction) => context.report('fetch', detail, fraction),
  });
  await refuseOtherDigest(partial, await fileSha256(partial, context.signal), source.facts.sha256);
  await rename(partial, file);
  return file;
}

async function refuseOtherDigest(file: string, got: string, expected: string): Promise<void> {
  if (got === expected) return;
  await rm(file, { force: true });
  throw new RingcrossError(
    'KERNEL_SOURCE_DIGEST',
    `${file} is not what kernels.lock.json pins, and has been removed:\n` +
      `  expected SHA-256 ${expected}\n  got      SHA-256 ${got}`,
  );
}

async function unpackSource(
  { source }: KernelPlan,
  download: string,
  work: string,
  context: BuildContext,
): Promise<string> {
  const tree = join(work, 'source');
  await mkdir(tree);
  await source.unpack(download, tree, {
    stateFolder: context.paths.apt,
    signal: context.signal,
    onProgress: (detail, fraction) => context.report('unpack', detail, fraction),
  });
  return tree;
}

async function compile(plan: KernelPlan, tree: string, config: string, key: string, context: BuildContext) {
  await mkdir(context.paths.logs, { recursive: true });
  const log = join(context.paths.logs, `${plan.name}-${key.slice(0, 16)}.log`);
  const known = await keptBuilds(context.paths, plan.name);
  const expected = expectedSteps(configValues(config).size, [plan.reviewedBuild, ...known]);
  const steps = await compileKernel(tree, {
    logFile: log,
    signal: context.signal,
    onStep: (step, count) => context.report('compile', step, stepFraction(count, expected)),
  });
  return { steps, log };
}
