import test from 'ava';
import { readRequests } from './fragments.ts';
import { kernelKey, requestKey } from './kernel-key.ts';

const toolchain = { compiler: 'gcc 12', linker: 'ld 2.40' };
const source = 'a'.repeat(64);
const requestOf = (text: string, used = toolchain) =>
  requestKey(source, readRequests([{ name: 'f', text }]), used);

test('comments, order and repetitions of a request change nothing', (t) => {
  const key = requestOf('CONFIG_A=y\nCONFIG_B=8\n');
  t.is(requestOf('# why\nCONFIG_B=8\nCONFIG_A=y\nCONFIG_A=y\n'), key);
  t.regex(key, /^[\da-f]{64}$/);
});

test('a value, the compiler and the linker each change the request', (t) => {
  const text = 'CONFIG_A=y\n';
  const keys = [
    requestOf(text),
    requestOf('CONFIG_A=m\n'),
    requestOf(text, { ...toolchain, compiler: 'gcc 13' }),
    requestOf(text, { ...toolchain, linker: 'ld 2.41' }),
  ];
  t.is(new Set(keys).size, keys.length);
});

test('source, config and toolchain each change the kernel', (t) => {
  const keys = [
    kernelKey(source, 'c', toolchain),
    kernelKey('b'.repeat(64), 'c', toolchain),
    kernelKey(source, 'd', toolchain),
    kernelKey(source, 'c', { ...toolchain, compiler: 'gcc 13' }),
  ];
  t.is(new Set(keys).size, keys.length);
});
