// The agent as a guest gets it: one bundle of JavaScript and the native addon, on a small read-only disk.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ensureImage, type Image } from '../../vm/root-image.ts';
import { cacheRoot } from '../cache.ts';
import { ownRoot } from '../project.ts';
import { ensureAddon } from './addon.ts';

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
