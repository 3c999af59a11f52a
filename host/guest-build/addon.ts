// The native addon of guest/native: compiled on the host, loaded by the same node in the guest.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withTemporaryFolder } from '../../vm/temporary.ts';
import { cacheRoot } from '../cache.ts';
import { ownRoot } from '../project.ts';

const nativeDir = join(ownRoot, 'guest/native');
/** What both sides of the border must agree on. */
const sharedHeaders = join(ownRoot, 'kmod/include');
const nodeApiHeaders = join(ownRoot, 'node_modules/node-api-headers/include');

const flags = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-pthread',
  '-DNAPI_VERSION=9',
  // Same sources, same bytes, wherever the project stands.
  '-Wl,--build-id=none',
];

/** Finds or compiles the addon, kept by digest of sources, flags and compiler. Errors: ADDON_BUILD. */
export const ensureAddon = async (): Promise<string> => {
  const headers = (await readdir(sharedHeaders)).sort().map((name) => join(sharedHeaders, name));
  const compiler = (await execa('gcc', ['--version'])).stdout.split('\n')[0] ?? '';
  const digest = createHash('sha256').update(JSON.stringify({ flags, compiler }));
  for (const path of [...(await sourcesOf(/\.[ch]$/)), ...headers])
    digest.update(`\0${basename(path)}\0`).update(await readFile(path));
  const dir = join(cacheRoot(), 'addons');
  const path = join(dir, `${digest.digest('hex').slice(0, 32)}.node`);
  if (await canAccess(path)) return path;
  await mkdir(dir, { recursive: true });
  return await withTemporaryFolder(async (work) => {
    const output = join(work, 'ringcross.node');
    await compileAddon(output);
    await rename(output, path);
    return path;
  }, dir);
};

/** Compiles every C file of guest/native into one addon; `extra` flags come last. Errors: ADDON_BUILD. */
export const compileAddon = async (output: string, extra: readonly string[] = []): Promise<void> => {
  const includes = [`-I${nodeApiHeaders}`, `-I${sharedHeaders}`];
  const sources = (await sourcesOf(/\.c$/)).map((path) => basename(path));
  try {
    // From inside the folder, so that no path of the host gets into messages or bytes.
    await execa('gcc', [...flags, ...includes, ...extra, '-o', output, ...sources], {
      cwd: nativeDir,
      all: true,
    });
  } catch (cause) {
    throw new RingcrossError('ADDON_BUILD', 'expected gcc to compile guest/native, but it failed', {
      cause,
      ...(cause instanceof ExecaError ? { log: String(cause.all) } : {}),
    });
  }
};

const sourcesOf = async (pattern: RegExp): Promise<string[]> =>
  (await readdir(nativeDir))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(nativeDir, name));
