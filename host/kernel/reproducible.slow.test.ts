import test from 'ava';
import { fileSha256 } from '../../vm/file-digest.ts';
import { useFreshCache } from './fixtures/fresh-cache.ts';
import { defaultKernelName, ensureKernel, findKernel } from './index.ts';

test('the default kernel, built twice from scratch, is the same to the last byte', async (t) => {
  t.timeout(3_600_000);
  const name = await defaultKernelName();
  const digests: string[] = [];
  for (const _ of ['first', 'second']) {
    await useFreshCache(t);
    t.is(await findKernel(name), undefined);
    const kernel = await ensureKernel(name);
    t.log(`${kernel.release}, ${kernel.facts.builtSeconds} s, ${kernel.facts.imageBytes} bytes`);
    digests.push(await fileSha256(kernel.vmlinux));
    t.is(digests.at(-1), kernel.facts.imageSha256);
  }
  t.log(digests);
  t.is(digests[0], digests[1]);
});
