import test from 'ava';
import { findLost, readRequests } from './fragments.ts';

test('requests keep their fragment and line', (t) => {
  const requests = readRequests([
    { name: 'a.config', text: '# x\nCONFIG_A=y\n' },
    { name: 'b.config', text: '# CONFIG_B is not set\n' },
  ]);
  t.deepEqual(requests, [
    { symbol: 'A', value: 'y', line: 2, fragment: 'a.config' },
    { symbol: 'B', value: 'n', line: 1, fragment: 'b.config' },
  ]);
});

test('the same value twice is no contradiction', (t) => {
  const text = 'CONFIG_NET=y\n';
  t.is(
    readRequests([
      { name: 'a', text },
      { name: 'b', text },
    ]).length,
    2,
  );
});

test('different values of one option are refused with every place', (t) => {
  const fragments = [
    { name: 'a.config', text: 'CONFIG_NET=y\nCONFIG_HZ=100\n' },
    { name: 'b.config', text: 'CONFIG_HZ=250\n# CONFIG_NET is not set\n' },
  ];
  const error = t.throws(() => readRequests(fragments), { code: 'KERNEL_CONTRADICTION' });
  t.true(error?.message.includes('  a.config:1: CONFIG_NET=y\n  b.config:2: # CONFIG_NET is not set'));
  t.true(error?.message.includes('  a.config:2: CONFIG_HZ=100\n  b.config:1: CONFIG_HZ=250'));
});

test('a line that sets nothing is refused with its place', (t) => {
  t.throws(() => readRequests([{ name: 'a.config', text: '\nNET=y\n' }]), {
    code: 'KERNEL_CONFIG',
    message: /a\.config:2: NET=y/,
  });
});

test('lost is what came out with another value; absent is as good as not set', (t) => {
  const requests = readRequests([
    {
      name: 'a',
      text: 'CONFIG_KEPT=y\nCONFIG_GONE=y\nCONFIG_HZ=100\n# CONFIG_OFF is not set\n# CONFIG_ON is not set\n',
    },
  ]);
  const final = new Map([
    ['KEPT', 'y'],
    ['HZ', '250'],
    ['ON', 'm'],
  ]);
  t.deepEqual(
    findLost(requests, final).map(({ symbol, actual }) => [symbol, actual]),
    [
      ['GONE', 'n'],
      ['HZ', '250'],
      ['ON', 'm'],
    ],
  );
});
