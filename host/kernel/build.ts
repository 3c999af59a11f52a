// From a kernel's plan to a kept kernel. Runs under the lock of the cache.

import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { requireSpace } from '../../vm/disk-space.ts';
import { compileKernel } from './compile.ts';
import { configValues } from './config-lines.ts';
import { configureKernel } from './configure.ts';
import { keepBuild, kept } from './keep.ts';
import { kernelKey, recipe, sha256 } from './kernel-key.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { type BuildSize, expectedSteps, stepFraction } from './make-output.ts';
import type { ReportProgress } from './progress.ts';
import type { SourceContext } from './sources/source.ts';
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
    await plan.source.fetch(sourceContext(context, 'fetch'));
    const started = performance.now();
    const tree = await unpackSource(plan, work, context);
    const config = await configureKernel(tree, plan, {
      signal: context.signal,
      onProgress: (detail) => context.report('configure', detail, null),
    });
    const configSha256 = sha256(config);
    const key = kernelKey(plan.source.digest, configSha256, context.toolchain);
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

/** What a source lays out, in a new folder of the work folder. */
export async function unpackSource(
  { source }: KernelPlan,
  work: string,
  context: BuildContext,
): Promise<string> {
  const folder = join(work, 'source');
  await mkdir(folder);
  await source.unpack(folder, sourceContext(context, 'unpack'));
  return folder;
}

/** What a source may use of the cache. */
export function sourceContext(
  { paths, signal, report }: Pick<BuildContext, 'paths' | 'signal' | 'report'>,
  stage: 'fetch' | 'unpack',
): SourceContext {
  return {
    sources: paths.sources,
    stateFolder: paths.apt,
    signal,
    onProgress: (detail, fraction) => report(stage, detail, fraction),
  };
}

async function compile(plan: KernelPlan, tree: string, config: string, key: string, context: BuildContext) {
  await mkdir(context.paths.logs, { recursive: true });
  const log = join(context.paths.logs, `${plan.name}-${key.slice(0, 16)}.log`);
  const known = await knownBuilds(plan, context.paths);
  const expected = expectedSteps(configValues(config).size, known);
  const steps = await compileKernel(tree, {
    logFile: log,
    signal: context.signal,
    onStep: (step, count) =>
      context.report('compile', step, expected === undefined ? null : stepFraction(count, expected)),
  });
  return { steps, log };
}

/** Builds of this kernel; of a kernel that nobody has built yet, those of others tell how far it is. */
async function knownBuilds(plan: KernelPlan, paths: StorePaths): Promise<BuildSize[]> {
  const own = await keptBuilds(paths, (name) => name === plan.name);
  const known = plan.reviewedBuild === undefined ? own : [plan.reviewedBuild, ...own];
  return known.length > 0 ? known : keptBuilds(paths, () => true);
}
