// From the plan of a kernel as shipped to a kept kernel. Runs under a lock of the cache.

import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Board } from '../../../vm/board.ts';
import { requireSpace } from '../../../vm/disk-space.ts';
import { RingcrossError } from '../../../vm/errors.ts';
import { fileSha256 } from '../../../vm/file-digest.ts';
import { withTemporaryFolder } from '../../../vm/temporary.ts';
import { type BuildContext, fetchSource } from '../build.ts';
import { readBuildId } from '../build-id.ts';
import { configValues } from '../config-lines.ts';
import { buildEnvironment } from '../environment.ts';
import { kept } from '../keep.ts';
import { imageKey, imageRecipe, sha256 } from '../kernel-key.ts';
import type { ImagePlan } from '../kernels-file.ts';
import { runTool } from '../run-tool.ts';
import { type BuiltKernel, kernelFolder, type Manifest, publishKernel } from '../store.ts';
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
export async function adoptKernel(plan: ImagePlan, context: BuildContext): Promise<BuiltKernel> {
  const { paths, signal, report } = context;
  const { source } = plan;
  await mkdir(paths.kernels, { recursive: true });
  return withTemporaryFolder(async (work) => {
    await requireSpace(work, workBytes);
    const downloads: string[] = [];
    const own = { ...context, paths: { ...paths, apt: paths.imageApt } };
    for (const one of source.packages) downloads.push(await fetchSource(one, own));
    const started = performance.now();
    const root = join(work, 'root');
    await mkdir(root);
    for (const file of downloads) {
      report('unpack', file, null);
      await unpackPackage(file, root, signal);
    }
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
    const key = imageKey(source.facts, context.toolchain);
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
  }, paths.kernels);
}

/** Where a kernel of this config finds its devices. */
export function boardFor(config: ReadonlyMap<string, string>): Board {
  return config.get('VIRTIO_MMIO_CMDLINE_DEVICES') === 'y' ? 'microvm' : 'microvm-acpi';
}

function compilerOf(config: ReadonlyMap<string, string>): string {
  return config.get('CC_VERSION_TEXT')?.replaceAll('"', '') ?? 'unknown';
}

async function unpackPackage(file: string, root: string, signal: AbortSignal | undefined): Promise<void> {
  const result = await runTool(['dpkg-deb', '--extract', file, root], { env: buildEnvironment(), signal });
  if (!result.failed) return;
  throw new RingcrossError('KERNEL_SOURCE_UNPACK', `cannot unpack ${file}: ${result.stderr.trim()}`, {
    log: result.stderr,
  });
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
