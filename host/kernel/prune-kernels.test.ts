import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { defaultConfigFolder } from './config-folder.ts';
import { requestKeyOf } from './ensure.ts';
import { readKernelList } from './kernel-list.ts';
import { planKernel } from './kernel-plan.ts';
import { pruneKernels } from './prune-kernels.ts';
import { kernelFolder, type Manifest, recordRequest, storePaths } from './store.ts';
import { readToolchain } from './toolchain.ts';

// Serial: they share the environment, which names the cache.

test.serial('what a kernel or a flavour leads to stays, all else goes', async (t) => {
  const { paths, modules, addKernel, prune } = await scene(t);
  const { default: name, flavours } = await readKernelList(defaultConfigFolder);
  const [flavour = ''] = flavours.keys();
  const led = await addKernel(name, 1);
  const flavoured = await addKernel(`${name}-${flavour}`, 2);
  const orphan = await addKernel(null, 3);
  const { source } = await planKernel(name, await readKernelList(defaultConfigFolder));
  await mkdir(paths.sources, { recursive: true });
  for (const file of [source.kept[0] ?? '', 'old_1_abc', 'old_2_abc.partial'])
    await writeFile(join(paths.sources, file), 'x'.repeat(5000));
  for (const dir of [led, flavoured, orphan]) await mkdir(join(modules, `of-${keyOf(dir)}`));

  const gone = [orphan, ...['old_1_abc', 'old_2_abc.partial'].map((file) => join(paths.sources, file))];
  const wouldGo = await prune({ isDryRun: true });
  t.deepEqual(wouldGo.map(({ path }) => path).sort(), [...gone, join(modules, `of-${keyOf(orphan)}`)].sort());
  t.true(gone.every(existsSync));
  t.true((wouldGo.find(({ path }) => path.endsWith('old_1_abc'))?.bytes ?? 0) >= 5000);

  t.deepEqual(await prune({}), wouldGo);
  t.false(gone.some(existsSync));
  t.true([led, flavoured].every(existsSync));
  t.deepEqual(await readdir(paths.sources), [source.kept[0]]);
  t.deepEqual((await readdir(modules)).sort(), [led, flavoured].map((dir) => `of-${keyOf(dir)}`).sort());
  // Requests that lead nowhere go as well.
  t.is((await readdir(paths.requests)).length, 2);
  t.deepEqual(await prune({}), []);
});

test.serial('of those that nothing leads to, so many of the newest stay', async (t) => {
  const { addKernel, prune } = await scene(t);
  const [oldest, middle, newest] = [
    await addKernel(null, 1),
    await addKernel(null, 2),
    await addKernel(null, 3),
  ];
  t.deepEqual(
    (await prune({ keep: 2 })).map(({ path }) => path),
    [oldest],
  );
  t.true(existsSync(middle));
  t.deepEqual(
    (await prune({ keep: 1 })).map(({ path }) => path),
    [middle],
  );
  t.true(existsSync(newest));
});

test.serial('an empty cache has nothing to remove', async (t) => {
  const { prune } = await scene(t);
  t.deepEqual(await prune({}), []);
});

test.serial('a kernel whose files cannot be read stops it before anything goes', async (t) => {
  const { addKernel, prune, home } = await scene(t);
  const orphan = await addKernel(null, 1);
  const configFolder = join(home, 'kernel-config');
  await mkdir(configFolder);
  const kernels = { mine: { source: { kind: 'dir', path: 'nowhere' } } };
  await writeFile(join(configFolder, 'kernels.json'), JSON.stringify({ kernels }));
  await t.throwsAsync(prune({ configFolder }), { code: 'KERNEL_SOURCE_TREE' });
  t.true(existsSync(orphan));
});

const keyOf = (dir: string) => dir.slice(-16);

async function scene(t: ExecutionContext) {
  const home = await mkdtemp(join(tmpdir(), 'ringcross-prune-'));
  t.teardown(() => rm(home, { recursive: true }));
  process.env.XDG_CACHE_HOME = home;
  const paths = storePaths();
  const modules = join(home, 'modules');
  await mkdir(modules);
  const toolchain = await readToolchain();
  if (toolchain === undefined) throw new Error('expected gcc and ld on the host');
  /** A kept kernel that the request of this kernel leads to, or where null, another request. */
  const addKernel = async (name: string | null, minute: number): Promise<string> => {
    const key = `${minute}`.repeat(64);
    const dir = kernelFolder(paths, '6.12.1', key);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'vmlinux'), 'image');
    await writeFile(join(dir, 'kernel.json'), JSON.stringify(manifest(key)));
    const plan = name === null ? null : await planKernel(name, await readKernelList(defaultConfigFolder));
    await recordRequest(paths, plan === null ? `other-${minute}` : requestKeyOf(plan, toolchain), dir);
    await utimes(dir, minute * 60, minute * 60);
    return dir;
  };
  const prune = (options: { keep?: number; isDryRun?: boolean; configFolder?: string }) =>
    pruneKernels({ modules, modulesOf: async ({ key }) => [`of-${key.slice(0, 16)}`], ...options });
  return { home, paths, modules, addKernel, prune };
}

const manifest = (key: string): Manifest => ({
  schema: 1,
  name: 'x',
  version: '6.12.1',
  key,
  release: '6.12.1',
  buildId: 'c0ffee',
  steps: 1,
  facts: {
    source: { kind: 'dir', path: 'x', version: '6.12.1', tree: 'a' },
    configSha256: 'b',
    imageSha256: 'c',
    compiler: 'gcc',
    recipe: 1,
    builtSeconds: 1,
    imageBytes: 5,
  },
});
