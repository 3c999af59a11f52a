// From the plan of a kernel as shipped to a kept kernel. Runs under a lock of the cache.

import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Board } from '../../../vm/board.ts';
import { requireSpace } from '../../../vm/disk-space.ts';
import { RingcrossError } from '../../../vm/errors.ts';
import { fileSha256 } from '../../../vm/file-digest.ts';
import { type BuildContext, sourceContext, unpackSource } from '../build.ts';
import { readBuildId } from '../build-id.ts';
import { configValues } from '../config-lines.ts';
import { kept } from '../keep.ts';
import { imageKey, imageRecipe, sha256 } from '../kernel-key.ts';
import type { KernelPlan } from '../kernel-plan.ts';
import {
  type BuiltKernel,
  kernelFolder,
  type Manifest,
  makeWorkFolder,
  publishKernel,
  removeTree,
} from '../store.ts';
import { keepDrivers } from './keep-drivers.ts';
import { keepHeaders } from './keep-headers.ts';
import { findShippedFiles, type ShippedFiles } from './layout.ts';
import { findPayload } from './payload.ts';
import { unpackFile } from './unpack.ts';

/** Names that only the folder of a kernel as shipped has. */
const keptOfImage = { drivers: 'drivers', packages: 'packages' } as const;

// Measured for 6.1's cloud flavour: 0.2 GB unpacked, 0.1 GB kept; of the general flavour 0.6 GB.
const workBytes = 1e9;

/** Fetches and unpacks the packages, and keeps of them what a build would have left. */
export async function adoptKernel(plan: KernelPlan, context: BuildContext): Promise<BuiltKernel> {
  const { paths, signal, report, toolchain } = context;
  const { source } = plan;
  const work = await makeWorkFolder(paths);
  try {
    await requireSpace(work, workBytes);
    await source.fetch(sourceContext(context, 'fetch'));
    const started = performance.now();
    const root = await unpackSource(plan, work, context);
    const files = await findShippedFiles(root);
    const folder = join(work, 'kept');
    await mkdir(folder);
    report('keep', 'image, drivers and headers for modules', null);
    const vmlinux = join(folder, kept.vmlinux);
    const buildId = await keepImage(files, vmlinux, join(work, 'packed'), signal);
    await copyFile(files.systemMap, join(folder, kept.systemMap));
    await copyFile(files.config, join(folder, kept.config));
    const config = await readFile(files.config, 'utf8');
    const drivers = await keepDrivers(files, join(folder, keptOfImage.drivers), signal);
    await keepHeaders(root, files, join(folder, keptOfImage.packages), join(folder, kept.buildTree));
    const key = imageKey(source.digest, toolchain);
    const manifest: Manifest = {
      schema: 1,
      name: plan.name,
      version: source.version,
      key,
      release: files.release,
      buildId,
      steps: null,
      board: boardFor(configValues(config)),
      drivers: drivers.map((name) => join(keptOfImage.drivers, name)),
      facts: {
        source: source.facts,
        configSha256: sha256(config),
        imageSha256: await fileSha256(vmlinux, signal),
        compiler: compilerOf(configValues(config)),
        recipe: imageRecipe,
        builtSeconds: Math.round((performance.now() - started) / 100) / 10,
        imageBytes: (await stat(vmlinux)).size,
      },
    };
    return await publishKernel(folder, kernelFolder(paths, source.version, key), manifest);
  } finally {
    await removeTree(work);
  }
}

/** Where a kernel of this config finds its devices. */
export function boardFor(config: ReadonlyMap<string, string>): Board {
  return config.get('VIRTIO_MMIO_CMDLINE_DEVICES') === 'y' ? 'microvm' : 'microvm-acpi';
}

function compilerOf(config: ReadonlyMap<string, string>): string {
  return config.get('CC_VERSION_TEXT')?.replaceAll('"', '') ?? 'unknown';
}

/** Takes the kernel out of its bzImage; its build id. QEMU enters it directly, as it does one that was built here. */
async function keepImage(
  { image, release, config }: ShippedFiles,
  vmlinux: string,
  packed: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (configValues(await readFile(config, 'utf8')).get('PVH') !== 'y')
    throw new RingcrossError(
      'KERNEL_IMAGE',
      `expected kernel ${release} to have CONFIG_PVH=y, without which QEMU cannot enter it, but it does not`,
    );
  const payload = findPayload(await readFile(image));
  if (typeof payload === 'string')
    throw new RingcrossError('KERNEL_IMAGE', `the image of kernel ${release}: ${payload}`);
  await writeFile(packed, payload.bytes);
  await unpackFile(payload.packing, packed, vmlinux, signal);
  const buildId = await readBuildId(vmlinux);
  if (buildId !== undefined) return buildId;
  throw new RingcrossError('KERNEL_IMAGE', `expected a GNU build id in kernel ${release}, found none`);
}
