import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type FileServer, serveFiles } from './fixtures/release-server.ts';
import { testFolder } from './fixtures/tiny-kernel.ts';
import { downloadUrl, readUrl } from './http-file.ts';

const bytes = randomBytes(300_000);

test('a file arrives whole, and how far it is is told', async (t) => {
  const { url, file } = await scene(t);
  const fractions: (number | null)[] = [];
  t.true(await downloadUrl(url, file, { signal: undefined, onFraction: (one) => fractions.push(one) }));
  t.deepEqual(await readFile(file), bytes);
  t.is(fractions.at(-1), 1);
});

test('a connection that ends too soon goes on from where it ended', async (t) => {
  const { server, url, file } = await scene(t);
  server.cuts.push(100_000, 50_000);
  t.true(await downloadUrl(url, file, { signal: undefined }));
  t.deepEqual(await readFile(file), bytes);
  t.deepEqual(
    server.requests.map(({ range }) => range),
    [undefined, 'bytes=100000-', 'bytes=150000-'],
  );
});

test('a server that cannot go on starts anew', async (t) => {
  const { server, url, file } = await scene(t);
  server.knowsRanges = false;
  server.cuts.push(100_000);
  t.true(await downloadUrl(url, file, { signal: undefined }));
  t.deepEqual(await readFile(file), bytes);
  t.is(server.requests.length, 2);
});

test('a beginning longer than the file is thrown away', async (t) => {
  const { url, file } = await scene(t);
  await writeFile(file, Buffer.alloc(bytes.length + 1));
  t.true(await downloadUrl(url, file, { signal: undefined }));
  t.deepEqual(await readFile(file), bytes);
});

test('a server that always hangs up is an error that leaves nothing', async (t) => {
  const { server, url, file } = await scene(t);
  server.cuts.push(1, 1, 1, 1, 1);
  await t.throwsAsync(downloadUrl(url, file, { signal: undefined }), {
    code: 'KERNEL_SOURCE_FETCH',
    message: /cannot download http.*: the connection ended too soon 4 times: /,
  });
  t.is(server.requests.length, 4);
  t.false(existsSync(file));
});

test('an abort in the middle leaves nothing', async (t) => {
  const { server, url, file } = await scene(t);
  server.cuts.push(100_000);
  const controller = new AbortController();
  const onFraction = () => controller.abort();
  await t.throwsAsync(downloadUrl(url, file, { signal: controller.signal, onFraction }), {
    code: 'INTERRUPTED',
  });
  t.is(server.requests.length, 1);
  t.false(existsSync(file));
});

test('no such file, no such server', async (t) => {
  const { server, url, file } = await scene(t);
  t.false(await downloadUrl(`${url}.other`, file, { signal: undefined }));
  t.is(await readUrl(`${url}.other`, { signal: undefined }), undefined);
  t.false(existsSync(file));
  await t.throwsAsync(readUrl('http://127.0.0.1:1/x', { signal: undefined }), {
    code: 'KERNEL_SOURCE_FETCH',
    message: /127\.0\.0\.1:1\/x: /,
  });
  t.is(server.requests.length, 2);
});

test("the environment's proxy is asked", async (t) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('from the proxy');
  });
  // A proxy that tunnels is asked for the host first.
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 no\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const script = `const { readUrl } = await import(${JSON.stringify(join(import.meta.dirname, 'http-file.ts'))});
await readUrl('http://kernel.invalid/x', {}).catch(() => {});`;
  await execa(process.execPath, ['--use-env-proxy', '--input-type=module', '--eval', script], {
    env: { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' },
  });
  t.is(asked.length, 1);
  t.regex(asked[0] ?? '', /kernel\.invalid/);
});

async function scene(t: ExecutionContext): Promise<{ server: FileServer; url: string; file: string }> {
  const server = await serveFiles(t);
  server.files.set('/file', bytes);
  return { server, url: `${server.url}file`, file: join(await testFolder(t), 'file') };
}
