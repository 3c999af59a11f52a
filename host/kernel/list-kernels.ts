// `kernel list`: what there is by name, where it comes from, and what of it is built.

import { RingcrossError } from '../../vm/errors.ts';
import { defaultConfigFolder } from './config-folder.ts';
import { type ConfigFolderOption, findPlanned } from './ensure.ts';
import { flavoursOf, type KernelList, readKernelList } from './kernel-list.ts';
import { type OpenedKernels, planKernel } from './kernel-plan.ts';
import type { SourceFacts } from './sources/source.ts';
import type { BuiltKernel } from './store.ts';
import { readToolchain, type Toolchain } from './toolchain.ts';

export interface ListedKernel {
  name: string;
  /** The kernel-config folder that names it. */
  folder: string;
  /** `null` where it cannot be told, as of a working tree that is not there. */
  version: string | null;
  source: SourceFacts | null;
  /** Why it cannot be told. */
  problem: string | null;
  built: BuiltKernel | undefined;
}

/** Every kernel, the folder's own before ringcross' own, each with those of its flavours that are built. */
export async function listKernels({
  configFolder = defaultConfigFolder,
}: ConfigFolderOption = {}): Promise<ListedKernel[]> {
  const [list, toolchain] = await Promise.all([readKernelList(configFolder), readToolchain()]);
  const listed: ListedKernel[] = [];
  const opened: OpenedKernels = new Map();
  for (const [name, { folder }] of list.kernels) {
    listed.push(await describe(name, folder, { list, opened, toolchain }));
    for (const flavour of flavoursOf(name, list)) {
      const flavoured = await describe(flavour, folder, { list, opened, toolchain });
      if (flavoured.built !== undefined) listed.push(flavoured);
    }
  }
  return listed;
}

interface Known {
  list: KernelList;
  opened: OpenedKernels;
  toolchain: Toolchain | undefined;
}

async function describe(
  name: string,
  folder: string,
  { list, opened, toolchain }: Known,
): Promise<ListedKernel> {
  try {
    const plan = await planKernel(name, list, opened);
    const { version, facts } = plan.source;
    const built = await findPlanned(plan, toolchain);
    return { name, folder, version, source: facts, problem: null, built };
  } catch (error) {
    // One kernel that is not as it should be hides none of the others.
    if (!(error instanceof RingcrossError)) throw error;
    return { name, folder, version: null, source: null, problem: error.message, built: undefined };
  }
}
