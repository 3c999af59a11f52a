import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { defaultConfigFolder } from './config-folder.ts';
import { readKernelList } from './kernel-list.ts';
import { planKernel, readKernelPlan } from './kernel-plan.ts';
import { readKernelsFile } from './kernels-file.ts';

const kernels = {
  default: '6.12',
  fragments: ['fragments/a.config'],
  kernels: {
    '6.12': { source: { kind: 'debian', package: 'linux-source-6.12', suites: ['trixie'] } },
  },
};
const lock = {
  '6.12': { version: '6.12.117-1', sha256: 'a'.repeat(64), build: { steps: 1400, options: 600 } },
};

test("the repository's own files are in order", async (t) => {
  const file = await readKernelsFile(defaultConfigFolder);
  for (const name of Object.keys(file.kernels)) {
    const plan = await readKernelPlan(name, defaultConfigFolder);
    t.is(plan.requests.length > 0, plan.source.layout === 'tree');
  }
});

test('a plan has the source, the pin and the requests', async (t) => {
  const folder = await configFolder(t, { kernels, lock });
  const plan = await readKernelPlan('6.12', folder);
  t.like(plan, {
    name: '6.12',
    reviewedBuild: { steps: 1400, options: 600 },
    requests: [{ symbol: 'NET', value: 'y', line: 1, fragment: 'fragments/a.config' }],
  });
  t.is(plan.source.version, '6.12.117');
  t.is(plan.source.digest, 'a'.repeat(64));
});

const shipped = { source: { kind: 'image', package: 'linux-image-cloud-amd64', suites: ['bookworm'] } };
const cloud = 'linux-image-6.1.0-56-cloud-amd64';
const pinned = (...names: string[]) => ({
  kind: 'image',
  packages: Object.fromEntries(names.map((name) => [name, { version: '6.1.192-2', sha256: 'b'.repeat(64) }])),
});

const withShipped = (t: ExecutionContext, kernel: object, pin: object) =>
  configFolder(t, {
    kernels: {
      ...kernels,
      flavours: { debug: { fragments: ['fragments/a.config'] } },
      kernels: { ...kernels.kernels, '6.1-cloud': kernel },
    },
    lock: { ...lock, '6.1-cloud': pin },
  });

test('a kernel as shipped is its packages, named after its image, and is not configured', async (t) => {
  const plan = await readKernelPlan(
    '6.1-cloud',
    await withShipped(t, shipped, pinned('linux-kbuild-6.1', cloud)),
  );
  t.like(plan, { name: '6.1-cloud', requests: [], reviewedBuild: undefined });
  t.is(plan.source.version, '6.1.192');
  t.deepEqual(plan.source.facts, {
    kind: 'image',
    package: cloud,
    version: '6.1.192-2',
    sha256: 'b'.repeat(64),
    packages: [cloud, 'linux-kbuild-6.1'].map((name) => ({
      package: name,
      version: '6.1.192-2',
      sha256: 'b'.repeat(64),
    })),
  });
});

test('a kernel as shipped has no fragments and no flavour, and pins one image', async (t) => {
  const refused = async (name: string, kernel: object, pin: object, message: RegExp) =>
    t.throwsAsync(readKernelPlan(name, await withShipped(t, kernel, pin)), {
      code: 'KERNEL_CONFIG',
      message,
    });
  const fragments = ['fragments/a.config'];
  await refused('6.1-cloud', { ...shipped, fragments }, pinned(cloud), /comes configured/);
  await refused('6.1-cloud-debug', shipped, pinned(cloud), /6\.1-cloud comes as shipped .* no flavour/);
  await refused('6.1-cloud', shipped, pinned('linux-kbuild-6.1'), /whose name begins with "linux-image-"/);
  await refused('6.1-cloud', shipped, pinned(cloud, `${cloud}-dbg`), /expected one package/);
  await refused('6.1-cloud', shipped, lock['6.12'], /whose source is image, got one of debian/);
});

test('an unknown kernel is told with those there are', async (t) => {
  const folder = await configFolder(t, { kernels, lock });
  await t.throwsAsync(readKernelPlan('6.99', folder), {
    code: 'KERNEL_UNKNOWN',
    message: /has no kernel "6\.99"; it names 6\.12/,
  });
});

test('a flavour is its kernel with lines on top that win, and is pinned by it', async (t) => {
  const flavours = { debug: { fragments: ['fragments/b.config'] } };
  const folder = await configFolder(t, { kernels: { ...kernels, flavours }, lock });
  await writeFile(join(folder, 'fragments/a.config'), 'CONFIG_NET=y\n# CONFIG_KASAN is not set\n');
  await writeFile(join(folder, 'fragments/b.config'), 'CONFIG_KASAN=y\n');
  const plan = await readKernelPlan('6.12-debug', folder);
  t.deepEqual(
    plan.requests.map(({ symbol, value }) => [symbol, value]),
    [
      ['NET', 'y'],
      ['KASAN', 'y'],
    ],
  );
  t.is(plan.source.version, '6.12.117');
  await t.throwsAsync(readKernelPlan('6.12-lean', folder), {
    code: 'KERNEL_UNKNOWN',
    message: /has no kernel "6\.12-lean"; it names 6\.12.*, those that are built also with -debug/,
  });
});

test('a fragment for a range of versions is for those alone', async (t) => {
  const symbols = async (versions: string) => {
    const fragments = ['fragments/a.config', { file: 'fragments/b.config', versions }];
    const folder = await configFolder(t, { kernels: { ...kernels, fragments }, lock });
    await writeFile(join(folder, 'fragments/b.config'), 'CONFIG_LAZY=y\n');
    return (await readKernelPlan('6.12', folder)).requests.map(({ symbol }) => symbol);
  };
  t.deepEqual(await symbols('>=6.12'), ['NET', 'LAZY']);
  t.deepEqual(await symbols('<6.12'), ['NET']);
  t.deepEqual(await symbols('>=6.1 <7'), ['NET', 'LAZY']);
});

test('what a kernel is declared to lack is not asked of it', async (t) => {
  const declared = { ...kernels.kernels['6.12'], lacks: { NET: 'came later' } };
  const folder = await configFolder(t, { kernels: { ...kernels, kernels: { '6.12': declared } }, lock });
  const plan = await readKernelPlan('6.12', folder);
  t.deepEqual(plan.requests, []);
  t.deepEqual([...plan.lacks], [['NET', 'came later']]);
});

test("a project's kernels extend ringcross' own, and win where both have a name", async (t) => {
  const project = {
    flavours: { mine: { fragments: ['fragments/a.config'] } },
    kernels: { '6.12': kernels.kernels['6.12'], own: kernels.kernels['6.12'] },
  };
  const folder = await configFolder(t, { kernels: project, lock: { ...lock, own: lock['6.12'] } });
  const list = await readKernelList(folder);
  const shipped = await readKernelList(defaultConfigFolder);
  t.deepEqual(list.folders, [folder, defaultConfigFolder]);
  t.is(list.default, shipped.default);
  t.deepEqual([...list.kernels.keys()].slice(0, 2), ['6.12', 'own']);
  t.is(list.kernels.get('6.12')?.folder, folder);
  for (const name of shipped.kernels.keys())
    t.is(list.kernels.get(name)?.folder, name === '6.12' ? folder : defaultConfigFolder);
  // It names no fragments of its own, so it is configured as ringcross' own are.
  const mine = await planKernel('own', list);
  t.true(mine.requests.length > 100);
  t.true(mine.requests.some(({ fragment }) => fragment === 'fragments/base.config'));
  // The project's flavours are for every kernel.
  const flavoured = await planKernel(`${shipped.default}-mine`, list);
  t.true(flavoured.requests.some(({ fragment }) => fragment === 'fragments/a.config'));
});

test("a project's list of fragments may name ringcross' own beside its own", async (t) => {
  const project = { ...kernels, fragments: ['fragments/netlink.config', 'fragments/a.config'] };
  const folder = await configFolder(t, { kernels: project, lock, fragment: 'CONFIG_MINE=y\n' });
  const { requests } = await readKernelPlan('6.12', folder);
  t.deepEqual([...new Set(requests.map(({ fragment }) => fragment))], project.fragments);
});

test("a folder that names no kernels is ringcross' own list", async (t) => {
  const folder = await configFolder(t, { kernels, lock });
  await rm(join(folder, 'kernels.json'));
  t.deepEqual(await readKernelList(folder), await readKernelList(defaultConfigFolder));
});

const wrong: [title: string, files: Partial<Files>, message: RegExp][] = [
  ['no lock entry', { lock: {} }, /kernels\.lock\.json: expected an entry that pins kernel "6\.12"/],
  [
    'a short digest',
    { lock: { '6.12': { ...lock['6.12'], sha256: 'ab' } } },
    /64 lower-case hex.*\n.*sha256/,
  ],
  [
    'a pin of another kind of source',
    { lock: { '6.12': { kind: 'git', version: '6.12.0', commit: 'a'.repeat(40), tree: 'b'.repeat(40) } } },
    /pins kernel "6\.12" of kernels\.json, whose source is debian, got one of git/,
  ],
  [
    'a short hash',
    { lock: { '6.12': { kind: 'git', version: '6.12.0', commit: 'abc', tree: 'b'.repeat(40) } } },
    /full hash of git's.*\n.*commit/,
  ],
  [
    'a pin of no kind there is',
    { lock: { '6.12': { kind: 'ftp' } } },
    /kernels\.lock\.json is not as expected/,
  ],
  ['an unknown kind of source', { kernels: withSource({ kind: 'ftp' }) }, /kind/],
  ['a misspelt key', { kernels: withSource({ ...kernels.kernels['6.12'].source, suits: [] }) }, /suits/],
  [
    'a default that is not there',
    { kernels: { ...kernels, default: '6.99' } },
    /expected the name of a kernel.*got "6\.99"/,
  ],
  ['a name that is a path', { kernels: { ...kernels, default: '../x' } }, /expected letters, digits/],
  [
    'a range that is none',
    { kernels: { ...kernels, fragments: [{ file: 'fragments/a.config', versions: 'new' }] } },
    /expected a range such as/,
  ],
  ['a fragment that is not there', { fragment: undefined }, /cannot read .*a\.config: ENOENT/],
  ['no JSON', { kernels: undefined }, /kernels\.json is not JSON/],
];

for (const [title, files, message] of wrong) {
  test(`${title} is told`, async (t) => {
    const folder = await configFolder(t, { kernels, lock, ...files });
    await t.throwsAsync(readKernelPlan('6.12', folder), { code: 'KERNEL_CONFIG', message });
  });
}

interface Files {
  kernels: unknown;
  lock: unknown;
  fragment: string | undefined;
}

function withSource(source: object) {
  return { ...kernels, kernels: { '6.12': { ...kernels.kernels['6.12'], source } } };
}

async function configFolder(t: ExecutionContext, files: Partial<Files>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-config-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'fragments'));
  await writeFile(join(folder, 'kernels.json'), String(JSON.stringify(files.kernels)));
  await writeFile(join(folder, 'kernels.lock.json'), JSON.stringify(files.lock));
  const fragment = 'fragment' in files ? files.fragment : 'CONFIG_NET=y\n';
  if (fragment !== undefined) await writeFile(join(folder, 'fragments/a.config'), fragment);
  return folder;
}
