import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeKey, serveReleases } from './fixtures/release-server.ts';
import { contextIn, testFolder } from './fixtures/tiny-kernel.ts';
import { kernelOrg, seriesOf, seriesVersions } from './kernel-org.ts';
import { parseSums } from './signed-sums.ts';

test('the newest of a series is pinned by the signed list, fetched and unpacked', async (t) => {
  const { folder, server, settings, place, context } = await scene(t);
  const pin = await kernelOrg.resolve(settings, undefined, place, context);
  t.like(pin, { kind: 'kernel.org', version: '6.12.10' });
  const source = kernelOrg.open(settings, pin, place);
  await source.fetch(context);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await source.unpack(tree, context);
  t.regex(await readFile(join(tree, 'Makefile'), 'utf8'), /^SUBLEVEL = 10$/m);
  t.true(existsSync(join(tree, 'fs/pipe.c')));
  t.false(existsSync(join(tree, 'arch/arm/kernel/head.S')));
  t.deepEqual(await readdir(context.sources), [...source.kept]);
  // What is there is digested, not downloaded again.
  server.requests.length = 0;
  await source.fetch(context);
  t.deepEqual(server.requests, []);
});

test('a version is pinned as asked, and one that there is not is told with those there are', async (t) => {
  const { settings, place, context } = await scene(t);
  t.like(await kernelOrg.resolve(settings, '6.12.9', place, context), { version: '6.12.9' });
  await t.throwsAsync(kernelOrg.resolve(settings, '6.12.11', place, context), {
    code: 'KERNEL_SOURCE_GONE',
    message: /expected Linux 6\.12\.11 in http.*sha256sums\.asc, which has 6\.12\.10, 6\.12\.9$/,
  });
  await t.throwsAsync(kernelOrg.resolve({ ...settings, series: '6.99' }, undefined, place, context), {
    code: 'KERNEL_SOURCE_GONE',
    message: /which has none of the series 6\.99/,
  });
});

test('a list that was tampered with is refused', async (t) => {
  const { server, settings, place, context } = await scene(t);
  const list = server.files.get('/v6.x/sha256sums.asc')?.toString() ?? '';
  const digest = /[\da-f]{64}/.exec(list)?.[0] ?? '';
  const forged = list.replace(digest, 'f'.repeat(64));
  t.not(forged, list);
  server.files.set('/v6.x/sha256sums.asc', Buffer.from(forged));
  await t.throwsAsync(kernelOrg.resolve(settings, undefined, place, context), {
    code: 'KERNEL_SOURCE_SIGNATURE',
    message: new RegExp(`to be signed by the key ${settings.fingerprint}, but: `),
  });
});

test('lines outside what was signed do not count', async (t) => {
  const { server, settings, place, context } = await scene(t);
  const list = server.files.get('/v6.x/sha256sums.asc')?.toString() ?? '';
  const added = `${'e'.repeat(64)}  linux-6.12.99.tar.xz\n`;
  for (const text of [`${list}\n${added}`, `${added}\n${list}`]) {
    server.files.set('/v6.x/sha256sums.asc', Buffer.from(text));
    const found = await kernelOrg.resolve(settings, undefined, place, context).catch((error) => error);
    // Either refused as a whole, or read without the line.
    t.true(found.code === 'KERNEL_SOURCE_SIGNATURE' || found.version === '6.12.10', String(found));
  }
});

test('a list signed by another key, or by nobody, is refused', async (t) => {
  const { server, settings, place, context } = await scene(t);
  await server.signSums(await makeKey());
  await t.throwsAsync(kernelOrg.resolve(settings, undefined, place, context), {
    code: 'KERNEL_SOURCE_SIGNATURE',
    message: /but: Could not find signing key/,
  });
  server.files.set('/v6.x/sha256sums.asc', Buffer.from(`${'a'.repeat(64)}  linux-6.12.10.tar.xz\n`));
  await t.throwsAsync(kernelOrg.resolve(settings, undefined, place, context), {
    code: 'KERNEL_SOURCE_SIGNATURE',
  });
});

test('a key file is believed only for the key of the fingerprint', async (t) => {
  const { server, settings, place, context } = await scene(t);
  const other = await makeKey();
  await writeFile(server.keyFile, other.publicKey);
  await server.signSums(other);
  await t.throwsAsync(kernelOrg.resolve(settings, undefined, place, context), {
    code: 'KERNEL_SOURCE_SIGNATURE',
    message: new RegExp(
      `expected the public key ${settings.fingerprint} in .*, but it holds ${other.fingerprint}`,
    ),
  });
});

test('without a key file, what makes one is told', async (t) => {
  const { server, settings, place, context } = await scene(t);
  await rm(server.keyFile);
  const error = await t.throwsAsync(kernelOrg.resolve(settings, undefined, place, context), {
    code: 'KERNEL_SOURCE_SIGNATURE',
    message: /ENOENT/,
  });
  t.like(error, {
    next:
      `mkdir -p ${dirname(server.keyFile)} && gpg --locate-keys autosigner@kernel.org && ` +
      `gpg --armor --export ${settings.fingerprint} > ${server.keyFile}`,
  });
});

test("kernel.org's own key is the one that is meant by default", (t) => {
  // https://www.kernel.org/signature.html, "Kernel.org checksum autosigner"
  t.like(kernelOrg.settings.parse({ kind: 'kernel.org', series: '6.12' }), {
    fingerprint: 'B8868C80 BA62A1FF FAF5FDA9 632D3A06 589DA6B1'.replaceAll(' ', '').toLowerCase(),
    key: 'keys/kernel.org.asc',
  });
});

test('a tarball that was tampered with is refused and leaves nothing', async (t) => {
  const { server, settings, place, context } = await scene(t);
  const pin = await kernelOrg.resolve(settings, undefined, place, context);
  server.files.set('/v6.x/linux-6.12.10.tar.xz', Buffer.from('another'));
  await t.throwsAsync(kernelOrg.open(settings, pin, place).fetch(context), {
    code: 'KERNEL_SOURCE_DIGEST',
    message: new RegExp(`expected SHA-256 ${pin.sha256}`),
  });
  t.deepEqual(await readdir(context.sources), []);
});

test('a connection that is dropped does no harm, a tarball that is gone is told', async (t) => {
  const { server, settings, place, context } = await scene(t);
  const pin = await kernelOrg.resolve(settings, undefined, place, context);
  server.cuts.push(10);
  await kernelOrg.open(settings, pin, place).fetch(context);
  server.files.delete('/v6.x/linux-6.12.10.tar.xz');
  await rm(context.sources, { recursive: true });
  const error = await t.throwsAsync(kernelOrg.open(settings, pin, place).fetch(context), {
    code: 'KERNEL_SOURCE_GONE',
    message: /pins Linux 6\.12\.10, but there is no http/,
  });
  t.like(error, { next: 'npx ringcross kernel update mine' });
  t.deepEqual(await readdir(context.sources), []);
});

test('point releases by number, newest first', (t) => {
  const names = ['6.1.2', '6.12', '6.12.9', '6.12.10', '6.120.1'].map((one) => `linux-${one}.tar.xz`);
  t.deepEqual(seriesVersions([...names, 'linux-6.12.11.tar.gz', 'patch-6.12.11.xz'], '6.12'), [
    '6.12.10',
    '6.12.9',
    '6.12',
  ]);
  t.is(seriesOf('6.12.10'), '6.12');
  t.is(seriesOf('6.12'), '6.12');
});

test('lines of sha256sum', (t) => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  t.deepEqual(
    [...parseSums(`${a}  x\n${b} *y\nshort  z\n# ${a}  w\n`)],
    [
      ['x', a],
      ['y', b],
    ],
  );
});

async function scene(t: ExecutionContext) {
  const folder = await testFolder(t);
  const server = await serveReleases(t, folder, ['6.12.9', '6.12.10', '6.11.1']);
  const settings = {
    kind: 'kernel.org',
    series: '6.12',
    mirror: server.url,
    key: 'keys/kernel.org.asc',
    fingerprint: server.fingerprint,
  } as const;
  return { folder, server, settings, place: { name: 'mine', folder }, context: contextIn(folder) };
}
