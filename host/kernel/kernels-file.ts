// kernel-config/kernels.json and kernels.lock.json: which kernels there are, and exactly what they are made of.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { type Request, readRequests } from './fragments.ts';
import type { BuildSize } from './make-output.ts';
import { openSource, sourceSettings } from './sources/index.ts';
import type { KernelSource } from './sources/source.ts';

/** The repository's own kernel-config folder. */
export const defaultConfigFolder = resolve(import.meta.dirname, '../../kernel-config');

/** A kernel as the two files and its fragments describe it. */
export interface KernelPlan {
  name: string;
  source: KernelSource;
  requests: Request[];
  /** Absolute paths of the fragments, in order. */
  fragmentFiles: string[];
  /** The size of a reviewed build: the first build on a machine measures its progress by it. */
  reviewedBuild: BuildSize;
}

// A name becomes part of paths, so it holds nothing that a path gives a meaning to.
const kernelName = z.string().regex(/^[\w][\w.-]*$/, 'expected letters, digits, ".", "_" and "-"');

const kernelsSchema = z
  .strictObject({
    default: kernelName,
    kernels: z.record(
      kernelName,
      z.strictObject({
        source: sourceSettings,
        /** Paths below the kernel-config folder. */
        fragments: z.array(z.string().min(1)).min(1),
      }),
    ),
  })
  .refine((file) => file.default in file.kernels, {
    path: ['default'],
    error: (issue) =>
      `expected the name of a kernel in this file, got ${JSON.stringify((issue.input as { default: string }).default)}`,
  });

const lockSchema = z.record(
  kernelName,
  z.strictObject({
    version: z.string().min(1),
    sha256: z.string().regex(/^[\da-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
    build: z.strictObject({ steps: z.int().positive(), options: z.int().positive() }),
  }),
);

export type KernelsFile = z.infer<typeof kernelsSchema>;
type LockFile = z.infer<typeof lockSchema>;

/** kernels.json of a kernel-config folder, checked. */
export async function readKernelsFile(folder: string): Promise<KernelsFile> {
  return parseJson(join(folder, 'kernels.json'), kernelsSchema);
}

/**
 * Everything that is known of one kernel before any work.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG` or `KERNEL_CONTRADICTION`.
 */
export async function readKernelPlan(name: string, folder: string): Promise<KernelPlan> {
  const file = await readKernelsFile(folder);
  const kernel = file.kernels[name];
  if (kernel === undefined) {
    throw new RingcrossError(
      'KERNEL_UNKNOWN',
      `kernels.json has no kernel ${JSON.stringify(name)}; it names ${Object.keys(file.kernels).join(', ')}`,
    );
  }
  const pin = await readPin(name, folder);
  const fragments = await Promise.all(
    kernel.fragments.map(async (path) => ({ name: path, text: await readText(join(folder, path)) })),
  );
  return {
    name,
    source: openSource(kernel.source, pin),
    requests: readRequests(fragments),
    fragmentFiles: kernel.fragments.map((path) => resolve(folder, path)),
    reviewedBuild: pin.build,
  };
}

async function readPin(name: string, folder: string): Promise<LockFile[string]> {
  const path = join(folder, 'kernels.lock.json');
  const pin = (await parseJson(path, lockSchema))[name];
  if (pin !== undefined) return pin;
  throw new RingcrossError(
    'KERNEL_CONFIG',
    `${path}: expected an entry that pins kernel ${JSON.stringify(name)} of kernels.json, got none`,
  );
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

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RingcrossError('KERNEL_CONFIG', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
