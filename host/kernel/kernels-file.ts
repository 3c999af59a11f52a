// kernels.json and kernels.lock.json of a kernel-config folder: which kernels there are, and what they are made of.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validRange } from 'semver';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { configFiles } from './config-folder.ts';
import { lockedPins, sourceSettings } from './sources/index.ts';

// A name becomes part of paths, so it holds nothing that a path gives a meaning to.
export const kernelName = z.string().regex(/^[\w][\w.-]*$/, 'expected letters, digits, ".", "_" and "-"');

const range = z.string().refine((text) => validRange(text) !== null, 'expected a range such as ">=6.4"');

/** A fragment's path below the kernel-config folder, for every kernel or those of a range of versions. */
const fragmentEntry = z.union([
  z.string().min(1),
  z.strictObject({ file: z.string().min(1), versions: range }),
]);

const fragmentList = z.array(fragmentEntry).min(1);

const kernelsSchema = z.strictObject({
  /** The kernel that is meant where none is named. A project's file may leave it to ringcross' own. */
  default: kernelName.optional(),
  /** What every kernel of this file is configured with that names no fragments of its own; likewise. */
  fragments: fragmentList.optional(),
  /** `<kernel>-<flavour>` is that kernel with these fragments on top, whose lines win. */
  flavours: z.record(kernelName, z.strictObject({ fragments: fragmentList })).default({}),
  kernels: z.record(
    kernelName,
    z
      .strictObject({
        source: sourceSettings,
        fragments: fragmentList.optional(),
        /** Symbols that a fragment asks for and this kernel does not have: symbol to reason. */
        lacks: z.record(z.string().regex(/^\w+$/), z.string().min(1)).default({}),
      })
      .refine(
        ({ source, fragments, lacks }) =>
          source.kind !== 'image' || (fragments === undefined && Object.keys(lacks).length === 0),
        'expected neither fragments nor lacks: a kernel of kind "image" comes configured',
      ),
  ),
});

/** What a build of a pinned kernel came to, where somebody has reviewed one. */
const reviewed = {
  build: z.strictObject({ steps: z.int().positive(), options: z.int().positive() }).optional(),
};

const [debian, kernelOrg, git, image] = lockedPins;

const lockSchema = z.record(
  kernelName,
  z.discriminatedUnion('kind', [
    debian.extend(reviewed),
    kernelOrg.extend(reviewed),
    git.extend(reviewed),
    // What is not built has no size of a build; the key is there for those who read any entry's.
    image.extend({ build: z.undefined().optional() }),
  ]),
);

export type FragmentEntry = z.infer<typeof fragmentEntry>;
export type KernelsFile = z.infer<typeof kernelsSchema>;
export type LockFile = z.infer<typeof lockSchema>;

/** kernels.json of a kernel-config folder, checked. Errors: KERNEL_CONFIG. */
export async function readKernelsFile(folder: string): Promise<KernelsFile> {
  return parseJson(join(folder, configFiles.kernels), kernelsSchema);
}

/** kernels.lock.json of a kernel-config folder, checked. Errors: KERNEL_CONFIG. */
export async function readLockFile(folder: string): Promise<LockFile> {
  return parseJson(join(folder, configFiles.lock), lockSchema);
}

async function parseJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RingcrossError('KERNEL_CONFIG', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RingcrossError('KERNEL_CONFIG', `${path} is not as expected:\n${z.prettifyError(result.error)}`);
}

/** A text file of a kernel-config folder. Errors: KERNEL_CONFIG. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RingcrossError('KERNEL_CONFIG', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
