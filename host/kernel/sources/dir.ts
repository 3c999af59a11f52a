// A working tree as it is: for those who change the kernel itself. Nothing is pinned; an edit is another kernel.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../../vm/errors.ts';
import { cacheRoot } from '../../cache.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool } from '../run-tool.ts';
import { versionOfMakefile } from './kernel-version.ts';
import type { SourceContext, SourceKind, SourcePlace } from './source.ts';
import { readWorkingTree, shadowName, type WorkingTree } from './working-tree.ts';

const settings = z.strictObject({
  kind: z.literal('dir'),
  /** A relative one starts at the kernel-config folder. */
  path: z.string().min(1),
});

const pin = z.strictObject({ kind: z.literal('dir') });

export type DirSettings = z.infer<typeof settings>;
type DirPin = z.infer<typeof pin>;

/** A kernel's working tree. It is only read: the build works in a copy. */
export const dir = {
  settings,
  pin,
  open: async (chosen, _pin, place) => {
    const path = resolve(place.folder, chosen.path);
    const version = await readVersion(path, place);
    // Opened wherever a kernel is looked up, also where nothing is built: the cache is where it always is.
    const sources = join(cacheRoot(), 'sources');
    const tree = await readWorkingTree(path, sources, undefined);
    return {
      layout: 'tree',
      facts: { kind: chosen.kind, path: chosen.path, version, tree: tree.digest },
      version,
      digest: tree.digest,
      tools: ['git', 'tar'],
      kept: [shadowName(path), `${shadowName(path)}.lock`],
      // Nothing to bring: the tree is here.
      fetch: async (_context: SourceContext) => {},
      unpack: (folder, context) => copyTree(path, tree, folder, context),
    };
  },
  resolve: async (chosen, _wanted, place) => {
    await readVersion(resolve(place.folder, chosen.path), place);
    return { kind: chosen.kind };
  },
} satisfies SourceKind<DirSettings, DirPin>;

async function readVersion(path: string, { name }: SourcePlace): Promise<string> {
  const makefile = await readFile(join(path, 'Makefile'), 'utf8').catch(() => '');
  const version = versionOfMakefile(makefile);
  if (version !== undefined) return version;
  throw new RingcrossError(
    'KERNEL_SOURCE_TREE',
    `expected ${path}, the source of kernel ${name}, to be a kernel's tree, but ` +
      (makefile === '' ? 'it has no Makefile that can be read' : 'its Makefile states no version'),
  );
}

/** Copies what the digest covers, and makes sure that nothing of it changed meanwhile. */
async function copyTree(
  path: string,
  { digest, files }: WorkingTree,
  folder: string,
  context: SourceContext,
): Promise<void> {
  context.onProgress(`a copy of ${path}`, null);
  const script = 'set -euo pipefail; tar -C "$1" -c --null --verbatim-files-from -T - | tar -C "$2" -x';
  const copied = await runTool(['bash', '-c', script, 'copy', path, folder], {
    env: hostEnvironment(),
    signal: context.signal,
    input: files.map((file) => `${file}\0`).join(''),
  });
  // A file that has gone is told as a change, below; whatever else fails, fails here.
  const now = await readWorkingTree(path, context.sources, context.signal);
  if (now.digest !== digest)
    throw new RingcrossError(
      'KERNEL_SOURCE_TREE',
      `${path} changed while it was being copied:\n  expected tree ${digest}\n  got      tree ${now.digest}\nBuild again when it is at rest`,
    );
  if (copied.failed)
    throw new RingcrossError(
      'KERNEL_SOURCE_UNPACK',
      `cannot copy ${path}: ${copied.stderr.trim().split('\n')[0]}`,
      { log: copied.stderr },
    );
}
