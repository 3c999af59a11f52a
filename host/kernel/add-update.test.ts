import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { addKernelTo } from './add-kernel.ts';
import { findKernel } from './ensure.ts';
import { readKernelPlan } from './kernel-plan.ts';
import { listKernels } from './list-kernels.ts';
import { serveReleases } from './sources/fixtures/release-server.ts';
import { commitAll, makefile, testFolder, writeFiles, writeKernel } from './sources/fixtures/tiny-kernel.ts';
import { updateKernels } from './update-kernels.ts';

// Serial: they share the environment, which names the cache.

test.serial('added to a project without kernels: looked up, written, and there by its name', async (t) => {
  const { folder, config } = await scene(t);
  await writeKernel(join(folder, 'linux'));
  const commit = await commitAll(join(folder, 'linux'));
  const source = { kind: 'git', url: '../linux', ref: 'main' } as const;
  const pin = await addKernelTo(config, { name: 'tip', source });
  t.like(pin, { kind: 'git', version: '6.12.1', commit });
  t.is(
    await readFile(join(config, 'kernels.json'), 'utf8'),
    `{
  "kernels": {
    "tip": {
      "source": {
        "kind": "git",
        "url": "../linux",
        "ref": "main"
      }
    }
  }
}
`,
  );
  t.deepEqual(JSON.parse(await readFile(join(config, 'kernels.lock.json'), 'utf8')), { tip: pin });
  const plan = await readKernelPlan('tip', config);
  t.is(plan.source.version, '6.12.1');
  t.is(plan.reviewedBuild, undefined);
  t.is(await findKernel('tip', { configFolder: config }), undefined);
});

test.serial(
  'a name that is taken, and one that can be none, is refused before anything is looked up',
  async (t) => {
    const { folder, config } = await scene(t);
    await writeKernel(join(folder, 'linux'));
    const source = { kind: 'dir', path: '../linux' } as const;
    await addKernelTo(config, { name: 'mine', source });
    const before = await readFile(join(config, 'kernels.json'), 'utf8');
    await t.throwsAsync(addKernelTo(config, { name: 'mine', source: { kind: 'dir', path: '/nowhere' } }), {
      code: 'USAGE',
      message: /kernels\.json has a kernel mine already/,
    });
    await t.throwsAsync(addKernelTo(config, { name: '../x', source }), {
      code: 'USAGE',
      message: /letters, digits/,
    });
    const bad = { kind: 'git', url: '.', ref: '--x' } as const;
    await t.throwsAsync(addKernelTo(config, { name: 'y', source: bad }), { code: 'USAGE', message: /ref/ });
    t.is(await readFile(join(config, 'kernels.json'), 'utf8'), before);
  },
);

test.serial('what cannot be looked up is not written', async (t) => {
  const { config } = await scene(t);
  await t.throwsAsync(addKernelTo(config, { name: 'x', source: { kind: 'dir', path: 'nowhere' } }), {
    code: 'KERNEL_SOURCE_TREE',
  });
  t.false(existsSync(config));
});

test.serial('everything else in the files stays, and a working tree has no pin', async (t) => {
  const { folder, config } = await scene(t);
  await writeKernel(join(folder, 'linux'));
  await mkdir(join(config, 'fragments'), { recursive: true });
  await writeFile(join(config, 'fragments/a.config'), 'CONFIG_NET=y\n');
  const old = {
    fragments: ['fragments/a.config'],
    flavours: { lean: { fragments: ['fragments/a.config'] } },
    kernels: { old: { source: { kind: 'debian', package: 'linux-source-6.1', suites: ['bookworm'] } } },
  };
  const lock = { old: { version: '6.1.2-1', sha256: 'a'.repeat(64), build: { steps: 2, options: 1 } } };
  await writeFile(join(config, 'kernels.json'), JSON.stringify(old));
  await writeFile(join(config, 'kernels.lock.json'), JSON.stringify(lock));
  const source = { kind: 'dir', path: '../linux' } as const;
  t.deepEqual(await addKernelTo(config, { name: 'mine', source }), { kind: 'dir' });
  t.deepEqual(JSON.parse(await readFile(join(config, 'kernels.json'), 'utf8')), {
    ...old,
    kernels: { ...old.kernels, mine: { source } },
  });
  t.deepEqual(JSON.parse(await readFile(join(config, 'kernels.lock.json'), 'utf8')), lock);

  const listed = await listKernels({ configFolder: config });
  t.like(listed.slice(0, 2), [
    { name: 'old', folder: config, version: '6.1.2', problem: null },
    { name: 'mine', folder: config, version: '6.12.1', source: { kind: 'dir' } },
  ]);
  // A tree that has gone hides no other kernel.
  await rm(join(folder, 'linux'), { recursive: true });
  const without = await listKernels({ configFolder: config });
  t.is(without.length, listed.length);
  t.like(without[1], { name: 'mine', version: null, built: undefined });
  t.regex(without[1]?.problem ?? '', /no Makefile/);
});

test.serial('an update moves git and kernel.org to the newest, a check only says so', async (t) => {
  const { folder, config } = await scene(t);
  const linux = join(folder, 'linux');
  await writeKernel(linux);
  await commitAll(linux);
  const server = await serveReleases(t, folder, ['6.12.9', '6.12.10']);
  await addKernelTo(config, { name: 'tip', source: { kind: 'git', url: '../linux', ref: 'main' } });
  await addKernelTo(config, { name: 'mine', source: { kind: 'dir', path: '../linux' } });
  await addKernelTo(config, {
    name: 'point',
    source: {
      kind: 'kernel.org',
      series: '6.12',
      mirror: server.url,
      key: '../keys/kernel.org.asc',
      fingerprint: server.fingerprint,
    },
    wanted: '6.12.9',
  });
  await writeFiles(linux, { Makefile: makefile(2) });
  await commitAll(linux);
  const lock = await readFile(join(config, 'kernels.lock.json'), 'utf8');
  const checked = await updateKernels(config, [], { isCheck: true });
  t.deepEqual(
    checked.map(({ name, from, to, isNew }) => [name, versionOf(from), versionOf(to), isNew]),
    [
      ['tip', '6.12.1', '6.12.2', true],
      ['point', '6.12.9', '6.12.10', true],
    ],
  );
  t.is(await readFile(join(config, 'kernels.lock.json'), 'utf8'), lock);
  // One that is named is moved alone.
  t.is((await updateKernels(config, ['tip'])).length, 1);
  t.is((await readKernelPlan('tip', config)).source.version, '6.12.2');
  t.is((await readKernelPlan('point', config)).source.version, '6.12.9');
  await updateKernels(config, []);
  t.is((await readKernelPlan('point', config)).source.version, '6.12.10');
  t.true((await updateKernels(config, [])).every(({ isNew }) => !isNew));
});

test.serial('a pin that is missing is made, and an unknown kernel is told', async (t) => {
  const { folder, config } = await scene(t);
  await writeKernel(join(folder, 'linux'));
  await commitAll(join(folder, 'linux'));
  await addKernelTo(config, { name: 'tip', source: { kind: 'git', url: '../linux', ref: 'main' } });
  await rm(join(config, 'kernels.lock.json'));
  const error = await t.throwsAsync(readKernelPlan('tip', config), { code: 'KERNEL_CONFIG' });
  t.regex(error?.message ?? '', /kernels\.lock\.json/);
  t.like(await updateKernels(config, []), [{ name: 'tip', from: undefined, isNew: true }]);
  t.is((await readKernelPlan('tip', config)).source.version, '6.12.1');
  await t.throwsAsync(updateKernels(config, ['none']), {
    code: 'KERNEL_UNKNOWN',
    message: /no kernel "none"; it names tip, /,
  });
});

test.serial(
  'a pin stays what it is when only its kind is written out, and keeps the size of a build',
  async (t) => {
    const { folder, config } = await scene(t);
    const linux = join(folder, 'linux');
    await writeKernel(linux);
    await commitAll(linux);
    await addKernelTo(config, { name: 'tip', source: { kind: 'git', url: '../linux', ref: 'main' } });
    const path = join(config, 'kernels.lock.json');
    const { tip } = JSON.parse(await readFile(path, 'utf8'));
    const build = { steps: 2, options: 1 };
    await writeFile(path, JSON.stringify({ tip: { ...tip, build } }));
    t.like(await updateKernels(config, []), [{ isNew: false, isAdopted: false }]);
    await writeFiles(linux, { Makefile: makefile(2) });
    await commitAll(linux);
    t.like(await updateKernels(config, []), [{ isNew: true }]);
    const plan = await readKernelPlan('tip', config);
    t.is(plan.source.version, '6.12.2');
    t.deepEqual(plan.reviewedBuild, build);
  },
);

test.serial('the size of a build is not that of a source of another kind', async (t) => {
  const { folder, config } = await scene(t);
  const linux = join(folder, 'linux');
  await writeKernel(linux);
  await commitAll(linux);
  await mkdir(config, { recursive: true });
  const path = join(config, 'kernels.lock.json');
  const left = { version: '6.12.1-1', sha256: 'a'.repeat(64), build: { steps: 2, options: 1 } };
  await writeFile(path, JSON.stringify({ tip: left }));
  await addKernelTo(config, { name: 'tip', source: { kind: 'git', url: '../linux', ref: 'main' } });
  const { tip } = JSON.parse(await readFile(path, 'utf8'));
  t.is(tip.kind, 'git');
  t.is(tip.build, undefined);
});

const versionOf = (pin: object | undefined) => (pin as { version?: string } | undefined)?.version;

async function scene(t: ExecutionContext) {
  const folder = await testFolder(t);
  process.env.XDG_CACHE_HOME = join(folder, 'home');
  return { folder, config: join(folder, 'kernel-config') };
}
