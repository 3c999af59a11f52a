// kernel-config/kernels.json and kernels.lock.json: which kernels there are, and exactly what they are made of.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { coerce, satisfies, validRange } from 'semver';
import { z } from 'zod';
import { RingcrossError } from '../../vm/errors.ts';
import { overlay, type Request, readRequests } from './fragments.ts';
import type { BuildSize } from './make-output.ts';
import { imagePins, imageSettings, openImage, type ShippedKernel } from './sources/image.ts';
import { openSource, sourceSettings } from './sources/index.ts';
import type { KernelSource } from './sources/source.ts';

/** The repository's own kernel-config folder. */
export const defaultConfigFolder = resolve(import.meta.dirname, '../../kernel-config');

/** A kernel that is built, as the two files and its fragments describe it. */
export interface KernelPlan {
  kind: 'build';
  name: string;
  source: KernelSource;
  /** What the config is to hold: of the fragments that apply, less what the kernel is declared to lack. */
  requests: Request[];
  /** Symbols that a fragment asks for and this series does not have, and why that is well. */
  lacks: ReadonlyMap<string, string>;
  /** The size of a reviewed build: the first build on a machine measures its progress by it. */
  reviewedBuild: BuildSize;
}

/** A kernel that is taken as shipped: nothing of it is configured. */
export interface ImagePlan {
  kind: 'image';
  name: string;
  source: ShippedKernel;
}

// A name becomes part of paths, so it holds nothing that a path gives a meaning to.
const kernelName = z.string().regex(/^[\w][\w.-]*$/, 'expected letters, digits, ".", "_" and "-"');

const range = z.string().refine((text) => validRange(text) !== null, 'expected a range such as ">=6.4"');

/** A fragment's path below the kernel-config folder, for every kernel or those of a range of versions. */
const fragmentEntry = z.union([
  z.string().min(1),
  z.strictObject({ file: z.string().min(1), versions: range }),
]);

const fragmentList = z.array(fragmentEntry).min(1);

const kernelsSchema = z
  .strictObject({
    default: kernelName,
    /** What every kernel is configured with that names no fragments of its own. */
    fragments: fragmentList,
    /** `<kernel>-<flavour>` is that kernel with these fragments on top, whose lines win. */
    flavours: z.record(kernelName, z.strictObject({ fragments: fragmentList })).default({}),
    kernels: z.record(
      kernelName,
      z
        .strictObject({
          source: z.discriminatedUnion('kind', [sourceSettings, imageSettings]),
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
  })
  .refine((file) => file.default in file.kernels, {
    path: ['default'],
    error: (issue) =>
      `expected the name of a kernel in this file, got ${JSON.stringify((issue.input as { default: string }).default)}`,
  });

const buildPin = z.strictObject({
  version: z.string().min(1),
  sha256: z.string().regex(/^[\da-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
  build: z.strictObject({ steps: z.int().positive(), options: z.int().positive() }),
});
/** A kernel as shipped is pinned by its packages. */
const imagePin = z.strictObject({ packages: imagePins });

// Which of the two an entry is, its kernel tells.
const lockSchema = z.record(kernelName, z.unknown());

export type KernelsFile = z.infer<typeof kernelsSchema>;

/** kernels.json of a kernel-config folder, checked. */
export async function readKernelsFile(folder: string): Promise<KernelsFile> {
  return parseJson(join(folder, 'kernels.json'), kernelsSchema);
}

/**
 * Everything that is known of one kernel before any work, whether it is built or taken as shipped.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG` or `KERNEL_CONTRADICTION`.
 */
export async function readPlan(name: string, folder: string): Promise<KernelPlan | ImagePlan> {
  const { kernels } = await readKernelsFile(folder);
  const settings = kernels[name]?.source;
  if (settings?.kind !== 'image') return readKernelPlan(name, folder);
  const { packages } = await readPin(name, folder, imagePin);
  return { kind: 'image', name, source: openImage(settings, packages) };
}

/**
 * Everything that is known of a kernel that is built.
 * @throws RingcrossError `KERNEL_UNKNOWN`, `KERNEL_CONFIG` or `KERNEL_CONTRADICTION`.
 */
export async function readKernelPlan(name: string, folder: string): Promise<KernelPlan> {
  const file = await readKernelsFile(folder);
  const { base, flavour } = splitName(name, file);
  const kernel = file.kernels[base];
  if (kernel === undefined) throw unknownKernel(name, file);
  if (kernel.source.kind === 'image')
    throw new RingcrossError(
      'KERNEL_CONFIG',
      `expected a kernel that is built, but ${base} comes as shipped: it can have no flavour`,
    );
  const pin = await readPin(base, folder, buildPin);
  const source = openSource(kernel.source, pin);
  const read = (entries: readonly FragmentEntry[]) => readFragments(entries, source.version, folder);
  const asked = readRequests(await read(kernel.fragments ?? file.fragments));
  const onTop = readRequests(flavour === null ? [] : await read(file.flavours[flavour]?.fragments ?? []));
  const lacks = new Map(Object.entries(kernel.lacks));
  return {
    kind: 'build',
    name,
    source,
    requests: overlay(asked, onTop).filter(({ symbol }) => !lacks.has(symbol)),
    lacks,
    reviewedBuild: pin.build,
  };
}

/** `6.12-debug` is the flavour `debug` of `6.12`, unless there is a kernel of that very name. */
function splitName(
  name: string,
  { kernels, flavours }: KernelsFile,
): { base: string; flavour: string | null } {
  if (!(name in kernels))
    for (const flavour of Object.keys(flavours))
      if (name.endsWith(`-${flavour}`)) return { base: name.slice(0, -flavour.length - 1), flavour };
  return { base: name, flavour: null };
}

function unknownKernel(name: string, { kernels, flavours }: KernelsFile): RingcrossError {
  const suffixes = Object.keys(flavours).map((flavour) => `-${flavour}`);
  const also = suffixes.length === 0 ? '' : `, each also with ${suffixes.join(' or ')}`;
  return new RingcrossError(
    'KERNEL_UNKNOWN',
    `kernels.json has no kernel ${JSON.stringify(name)}; it names ${Object.keys(kernels).join(', ')}${also}`,
  );
}

type FragmentEntry = z.infer<typeof fragmentEntry>;

/** The fragments that apply to a kernel of this version. */
async function readFragments(entries: readonly FragmentEntry[], version: string, folder: string) {
  const comparable = coerce(version) ?? version;
  const files = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return satisfies(comparable, entry.versions) ? [entry.file] : [];
  });
  return Promise.all(files.map(async (file) => ({ name: file, text: await readText(join(folder, file)) })));
}

async function readPin<T>(name: string, folder: string, schema: z.ZodType<T>): Promise<T> {
  const path = join(folder, 'kernels.lock.json');
  const pin = (await parseJson(path, lockSchema))[name];
  if (pin !== undefined) return checked(path, { [name]: pin }, z.object({ [name]: schema }))[name] as T;
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
  return checked(path, value, schema);
}

function checked<T>(path: string, value: unknown, schema: z.ZodType<T>): T {
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
