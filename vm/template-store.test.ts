import test from 'ava';
import { toRemove } from './template-store.ts';

const entry = (name: string, usedMs: number, bytes = 100, isStale = false) => ({
  name,
  usedMs,
  bytes,
  isStale,
});

test('the longest unused go until the rest fits', (t) => {
  const entries = [entry('new', 3), entry('old', 1), entry('middle', 2)];
  t.deepEqual(toRemove(entries, 300, 'new'), []);
  t.deepEqual(toRemove(entries, 299, 'new'), ['old']);
  t.deepEqual(toRemove(entries, 100, 'new'), ['old', 'middle']);
});

test('the one that was just made stays, even where it alone is too much', (t) => {
  t.deepEqual(toRemove([entry('a', 1), entry('b', 2)], 0, 'a'), ['b']);
});

test('those of another boot of the host go first, and count for nothing', (t) => {
  t.deepEqual(toRemove([entry('a', 1), entry('gone', 9, 1000, true)], 100, 'a'), ['gone']);
});
