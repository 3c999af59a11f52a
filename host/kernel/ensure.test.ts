import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { defaultConfigFolder } from './config-folder.ts';
import {
  addKernelTo,
  ensureKernel,
  findKernel,
  type KernelProgress,
  listKernels,
  previewKernel,
} from './index.ts';
import { writeKernel } from './sources/fixtures/tiny-kernel.ts';
import { downloadName } from './sources/kept-download.ts';
import { storePaths } from './store.ts';

// Serial: they share the environment, which names the cache.

test.serial('a download with another digest stops with both digests and leaves nothing', async (t) => {
  const { cache, configFolder } = await scene(t);
  const paths = storePaths(cache);
  const text = await readFile(join(configFolder, 'kernels.lock.json'), 'utf8');
  const { version, sha256 } = JSON.parse(text)['6.12'];
  const file = join(paths.sources, downloadName({ package: 'linux-source-6.12', version, sha256 }));
  await mkdir(paths.sources, { recursive: true });
  await writeFile(file, 'not the package');
  const error = await t.throwsAsync(ensureKernel('6.12', { configFolder }), { code: 'KERNEL_SOURCE_DIGEST' });
  t.true(error?.message.includes(`expected SHA-256 ${sha256}`));
  // echo -n 'not the package' | sha256sum
  t.true(
    error?.message.includes(
      'got      SHA-256 9cec5880638024e269dddcdd7f99e8f4ffb18307c443bad37e6daf9295066d3e',
    ),
  );
  t.false(existsSync(file));
  t.deepEqual(await readdir(paths.work), []);
  t.deepEqual(await readdir(paths.sources), []);
});

test.serial('contradictory fragments are refused before anything is fetched', async (t) => {
  const { cache, configFolder } = await scene(t);
  await writeFile(join(configFolder, 'fragments/ipc.config'), '# CONFIG_64BIT is not set\n');
  await t.throwsAsync(ensureKernel('6.12', { configFolder }), {
    code: 'KERNEL_CONTRADICTION',
    message: /base\.config:\d+: CONFIG_64BIT=y\n {2}fragments\/ipc\.config:1: # CONFIG_64BIT is not set/,
  });
  t.false(existsSync(cache));
});

test.serial('an abort before the start does no work', async (t) => {
  const { cache, configFolder } = await scene(t);
  await t.throwsAsync(ensureKernel('6.12', { configFolder, signal: AbortSignal.abort() }), {
    code: 'INTERRUPTED',
  });
  t.deepEqual(existsSync(cache) ? await readdir(join(cache, 'kernels')) : [], []);
});

test.serial('an empty cache has no kernels, and looking makes none', async (t) => {
  const { cache, configFolder } = await scene(t);
  t.is(await findKernel('6.12', { configFolder }), undefined);
  const listed = await listKernels({ configFolder });
  t.like(
    listed.find(({ name }) => name === '6.12'),
    { folder: configFolder, built: undefined, problem: null, source: { kind: 'debian' } },
  );
  t.true(listed.every(({ built }) => built === undefined));
  t.false(existsSync(cache));
});

test.serial('a working tree is built in a copy of it', async (t) => {
  const { cache, configFolder } = await scene(t);
  const tree = join(configFolder, '../linux');
  await writeKernel(tree);
  await addKernelTo(configFolder, { name: 'mine', source: { kind: 'dir', path: '../linux' } });
  const before = await readdir(tree, { recursive: true });
  const stages = new Set<string>();
  const onProgress = ({ stage }: KernelProgress) => stages.add(stage);
  // Its Makefile is none that could configure anything, so that is how far it gets.
  await t.throwsAsync(ensureKernel('mine', { configFolder, onProgress }), {
    code: 'KERNEL_CONFIGURE',
    message: /make tinyconfig failed for kernel mine/,
  });
  t.deepEqual([...stages], ['unpack', 'configure']);
  t.deepEqual(await readdir(tree, { recursive: true }), before);
  t.deepEqual(await readdir(storePaths(cache).work), []);
});

test.serial(
  'what a build starts from has a key before there is a kernel, and a fragment changes it',
  async (t) => {
    const { cache, configFolder } = await scene(t);
    const key = (await previewKernel('6.12', { configFolder })).request;
    t.regex(key, /^[\da-f]{64}$/);
    t.is((await previewKernel('6.12', { configFolder })).request, key);
    await appendFile(join(configFolder, 'fragments/ipc.config'), '\nCONFIG_NO_SUCH_THING=y\n');
    t.not((await previewKernel('6.12', { configFolder })).request, key);
    await t.throwsAsync(previewKernel('9.99', { configFolder }), { code: 'KERNEL_UNKNOWN' });
    t.false(existsSync(cache));
  },
);

test.serial("a cache that the kernel's make cannot build in is refused at once", async (t) => {
  const { cache, configFolder } = await scene(t, 'with a space');
  await t.throwsAsync(ensureKernel('6.12', { configFolder }), {
    code: 'KERNEL_CACHE_PATH',
    message: /with a space/,
  });
  t.false(existsSync(cache));
});

async function scene(t: ExecutionContext, name = 'cache') {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-ensure-'));
  t.teardown(() => rm(folder, { recursive: true }));
  process.env.XDG_CACHE_HOME = join(folder, name);
  const configFolder = join(folder, 'kernel-config');
  await cp(defaultConfigFolder, configFolder, { recursive: true });
  return { cache: join(folder, name, 'ringcross'), configFolder };
}
