import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  findByRequest,
  keptBuilds,
  kernelFolder,
  loadKernel,
  makeWorkFolder,
  recordRequest,
  storePaths,
} from './store.ts';

const key = '0123456789abcdef'.repeat(4);
const image = 'an image';

test('a kept kernel is found by its request, under the name asked for', async (t) => {
  const { paths, dir } = await makeStore(t);
  await recordRequest(paths, 'request', dir);
  await recordRequest(paths, 'request', dir);
  const kernel = await findByRequest(paths, 'other', 'request');
  t.like(kernel, {
    name: 'other',
    version: '6.12.117',
    key,
    dir,
    vmlinux: join(dir, 'vmlinux'),
    release: '6.12.117',
  });
  t.deepEqual(await readdir(paths.requests), ['request']);
});

test('a request without a kernel, and one whose kernel was removed, find nothing', async (t) => {
  const { paths, dir } = await makeStore(t);
  t.is(await findByRequest(paths, '6.12', 'request'), undefined);
  await recordRequest(paths, 'request', dir);
  await rm(dir, { recursive: true });
  t.is(await findByRequest(paths, '6.12', 'request'), undefined);
});

test('a kernel whose image or manifest was cut short is not trusted', async (t) => {
  const { dir } = await makeStore(t);
  t.truthy(await loadKernel(dir, '6.12'));
  await truncate(join(dir, 'vmlinux'), 3);
  t.is(await loadKernel(dir, '6.12'), undefined);
  await writeFile(join(dir, 'vmlinux'), image);
  await truncate(join(dir, 'kernel.json'), 20);
  t.is(await loadKernel(dir, '6.12'), undefined);
});

test('a new work folder removes what killed builds left', async (t) => {
  const { paths } = await makeStore(t);
  await mkdir(join(paths.work, 'build-killed', 'source'), { recursive: true });
  const work = await makeWorkFolder(paths);
  t.deepEqual(await readdir(paths.work), [work.slice(paths.work.length + 1)]);
});

test('kept builds of a name tell their size', async (t) => {
  const { paths } = await makeStore(t);
  t.deepEqual(await keptBuilds(paths, (name) => name === '6.12'), [{ steps: 1400, options: 2 }]);
  t.deepEqual(await keptBuilds(paths, (name) => name === '6.13'), []);
  t.deepEqual(await keptBuilds(storePaths('/nowhere'), () => true), []);
});

async function makeStore(t: ExecutionContext) {
  const root = await mkdtemp(join(tmpdir(), 'ringcross-store-'));
  t.teardown(() => rm(root, { recursive: true }));
  const paths = storePaths(root);
  const dir = kernelFolder(paths, '6.12.117', key);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'vmlinux'), image);
  await writeFile(join(dir, 'config'), 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=8\n');
  const manifest = {
    schema: 1,
    name: '6.12',
    version: '6.12.117',
    key,
    release: '6.12.117',
    buildId: 'c0ffee',
    steps: 1400,
    facts: {
      source: { kind: 'debian', package: 'linux-source-6.12', version: '6.12.117-1', sha256: 'a' },
      configSha256: 'b',
      imageSha256: 'c',
      compiler: 'gcc',
      recipe: 1,
      builtSeconds: 1.5,
      imageBytes: image.length,
    },
  };
  await writeFile(join(dir, 'kernel.json'), JSON.stringify(manifest));
  return { paths, dir };
}
