// A figure, a finding, and a kernel of its own: what a cell can tell.
import { test } from 'node:test';
import { finding, isolated, measure } from 'ringcross/guest';

measure({
  mechanism: 'pipe',
  direction: 'u2u',
  variant: 'blocking',
  sizes: [1024],
  messages: 50,
  warmup: 5,
});

test('a test that establishes something', () =>
  finding({ about: 'signalling', mechanism: 'pipe', subject: 'poll(2)', says: 'woken', works: true }));

test('a test with a kernel of its own', isolated, () => {});
