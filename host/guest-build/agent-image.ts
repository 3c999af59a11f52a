// The agent as a guest gets it: its JavaScript, the native addon and programs, on a small read-only disk.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ensureImage, type Image } from '../../vm/root-image.ts';
import { cacheRoot } from '../cache.ts';
import { ownRoot } from '../project.ts';
import { ensureAddon } from './addon.ts';
import { ensurePrograms } from './programs.ts';

/** Specs import `ringcross/guest`; what it shares with the agent is in one instance for both. */
const guestPackage = JSON.stringify({
  name: 'ringcross',
  type: 'module',
  exports: { './guest': './guest.mjs' },
});

/** Finds or makes the disk with the files of `contents`. Errors: ROOT_IMAGE, ADDON_BUILD. */
export const ensureAgentImage = async (): Promise<Image> => {
  const files = await contents();
  const key = createHash('sha256');
  for (const [name, bytes] of files) key.update(`\0${name}\0${bytes.length}\0`).update(bytes);
  return await ensureImage(join(cacheRoot(), 'agents'), key.digest('hex'), async (tree) => {
    await mkdir(join(tree, programsFolder));
    for (const [name, bytes] of files) await writeFile(join(tree, name), bytes, { mode: 0o755 });
  });
};

/** Where guest/programs.ts looks for them, beside the bundle that it is a part of. */
const programsFolder = 'programs';

/** Files by their path on the disk. */
const contents = async (): Promise<[name: string, bytes: Buffer][]> => {
  const programs = [...(await ensurePrograms())].map(
    async ([name, path]): Promise<[string, Buffer]> => [`${programsFolder}/${name}`, await readFile(path)],
  );
  return [
    ['package.json', Buffer.from(guestPackage)],
    ...(await bundleAgent()),
    ['ringcross.node', await readFile(await ensureAddon())],
    ...(await Promise.all(programs)),
  ];
};

/** The agent, the API of specs, and what they share, by name. */
const bundleAgent = async (): Promise<[name: string, bytes: Buffer][]> => {
  const { outputFiles } = await build({
    entryPoints: { agent: join(ownRoot, 'guest/agent/main.ts'), guest: join(ownRoot, 'guest/index.ts') },
    absWorkingDir: ownRoot,
    bundle: true,
    splitting: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'inline',
    sourcesContent: false,
    outdir: 'agent',
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
  return outputFiles.map(({ path, contents: bytes }) => [basename(path), Buffer.from(bytes)]);
};
