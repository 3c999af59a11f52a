// The agent as a guest gets it: one bundle of JavaScript and the native addon, on a small read-only disk.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ExecaError, execa } from 'execa';
import { RingcrossError } from '../../vm/errors.ts';
import { ensureImage, type Image } from '../../vm/root-image.ts';
import { cacheRoot } from '../cache.ts';
import { ownRoot } from '../project.ts';

const nativeDir = join(ownRoot, 'guest/native');
/** What both sides of the border must agree on. */
const sharedHeaders = join(ownRoot, 'kmod/include');
const nodeApiHeaders = join(ownRoot, 'node_modules/node-api-headers/include');

/** Specs import `ringcross/guest`; in the guest that is the agent itself, so both share one instance. */
const guestPackage = JSON.stringify({
  name: 'ringcross',
  type: 'module',
  exports: { './guest': './agent.mjs' },
});

/** Finds or makes the disk with `agent.mjs`, `ringcross.node` and their package file. Errors: ROOT_IMAGE, ADDON_BUILD. */
export const ensureAgentImage = async (): Promise<Image> => {
  const bundle = await bundleAgent();
  const addon = await ensureAddon();
  const bytes = await readFile(addon);
  const key = createHash('sha256').update(guestPackage).update(bundle).update(bytes).digest('hex');
  return await ensureImage(join(cacheRoot(), 'agents'), key, async (tree) => {
    await writeFile(join(tree, 'package.json'), guestPackage);
    await writeFile(join(tree, 'agent.mjs'), bundle);
    await writeFile(join(tree, 'ringcross.node'), bytes);
  });
};

const bundleAgent = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(ownRoot, 'guest/agent/main.ts')],
    absWorkingDir: ownRoot,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'inline',
    sourcesContent: false,
    outfile: 'agent.mjs',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
};

/** The addon of guest/native/*.c, compiled on the host, loaded by the same node in the guest. Kept by digest. */
export const ensureAddon = async (): Promise<string> => {
  const names = (await readdir(nativeDir)).filter((name) => /\.[ch]$/.test(name)).sort();
  const shared = (await readdir(sharedHeaders)).sort();
  const sources = names.filter((name) => name.endsWith('.c'));
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
  const compiler = (await execa('gcc', ['--version'])).stdout.split('\n')[0] ?? '';
  const digest = createHash('sha256').update(JSON.stringify({ flags, compiler }));
  for (const path of [
    ...names.map((name) => join(nativeDir, name)),
    ...shared.map((name) => join(sharedHeaders, name)),
  ])
    digest.update(`\0${basename(path)}\0`).update(await readFile(path));
  const dir = join(cacheRoot(), 'addons');
  const path = join(dir, `${digest.digest('hex').slice(0, 32)}.node`);
  if (await readFile(path).catch(() => null)) return path;
  await mkdir(dir, { recursive: true });
  const work = await mkdtemp(join(dir, 'new-'));
  try {
    const output = join(work, 'ringcross.node');
    await execa('gcc', [...flags, `-I${nodeApiHeaders}`, `-I${sharedHeaders}`, '-o', output, ...sources], {
      cwd: nativeDir,
      all: true,
    });
    await rename(output, path);
    return path;
  } catch (cause) {
    const log = cause instanceof ExecaError ? String(cause.all) : undefined;
    throw new RingcrossError('ADDON_BUILD', 'expected gcc to compile guest/native, but it failed', {
      cause,
      ...(log ? { log } : {}),
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
