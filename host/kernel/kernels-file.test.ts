import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { defaultConfigFolder, readKernelPlan, readKernelsFile, readPlan } from './kernels-file.ts';

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
    const plan = await readPlan(name, defaultConfigFolder);
    t.true(plan.kind === 'image' ? plan.source.packages.length > 0 : plan.requests.length > 0);
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
  t.is(plan.source.facts.sha256, 'a'.repeat(64));
});

const shipped = {
  source: { kind: 'image', package: 'linux-image-cloud-amd64', suites: ['bookworm'] },
};
const pinned = (...names: string[]) => ({
  packages: Object.fromEntries(names.map((name) => [name, { version: '6.1.192-2', sha256: 'b'.repeat(64) }])),
});

test('a kernel as shipped is its packages, named after its image', async (t) => {
  const folder = await configFolder(t, {
    kernels: { ...kernels, kernels: { ...kernels.kernels, '6.1-cloud': shipped } },
    lock: { ...lock, '6.1-cloud': pinned('linux-kbuild-6.1', 'linux-image-6.1.0-56-cloud-amd64') },
  });
  const plan = await readPlan('6.1-cloud', folder);
  t.like(plan, { kind: 'image', name: '6.1-cloud' });
  t.is(plan.source.version, '6.1.192');
  t.like(plan.source.facts, {
    kind: 'image',
    package: 'linux-image-6.1.0-56-cloud-amd64',
    version: '6.1.192-2',
  });
  t.deepEqual(
    plan.source.facts.packages?.map((one) => one.package),
    ['linux-kbuild-6.1', 'linux-image-6.1.0-56-cloud-amd64'],
  );
});

test('a kernel as shipped has no fragments and no flavour, and pins one image', async (t) => {
  const image = 'linux-image-6.1.0-56-cloud-amd64';
  const folderOf = (kernel: object, pin: object) =>
    configFolder(t, {
      kernels: {
        ...kernels,
        flavours: { debug: { fragments: ['fragments/a.config'] } },
        kernels: { ...kernels.kernels, '6.1-cloud': kernel },
      },
      lock: { ...lock, '6.1-cloud': pin },
    });
  const refused = async (name: string, kernel: object, pin: object, message: RegExp) =>
    t.throwsAsync(readPlan(name, await folderOf(kernel, pin)), { code: 'KERNEL_CONFIG', message });
  await refused(
    '6.1-cloud',
    { ...shipped, fragments: ['fragments/a.config'] },
    pinned(image),
    /comes configured/,
  );
  await refused('6.1-cloud-debug', shipped, pinned(image), /6\.1-cloud comes as shipped: .* no flavour/);
  await refused('6.1-cloud', shipped, pinned('linux-kbuild-6.1'), /whose name begins with "linux-image-"/);
  await refused('6.1-cloud', shipped, pinned(image, `${image}-dbg`), /expected one package/);
});

test('an unknown kernel is told with those there are', async (t) => {
  const folder = await configFolder(t, { kernels, lock });
  await t.throwsAsync(readKernelPlan('6.99', folder), {
    code: 'KERNEL_UNKNOWN',
    message: 'kernels.json has no kernel "6.99"; it names 6.12',
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
    message: 'kernels.json has no kernel "6.12-lean"; it names 6.12, each also with -debug',
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

const wrong: [title: string, files: Partial<Files>, message: RegExp][] = [
  ['no lock entry', { lock: {} }, /kernels\.lock\.json: expected an entry that pins kernel "6\.12"/],
  [
    'a short digest',
    { lock: { '6.12': { ...lock['6.12'], sha256: 'ab' } } },
    /64 lower-case hex.*\n.*sha256/,
  ],
  ['an unknown kind of source', { kernels: withSource({ kind: 'ftp' }) }, /kind/],
  ['a misspelt key', { kernels: withSource({ ...kernels.kernels['6.12'].source, suits: [] }) }, /suits/],
  [
    'a default that is not there',
    { kernels: { ...kernels, default: '6.1' } },
    /expected the name of a kernel.*got "6\.1"/,
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
