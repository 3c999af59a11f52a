import test from 'ava';
import { requireSpace, tellsDiskFull } from './disk-space.ts';

test('too little space is told with both figures', async (t) => {
  await t.notThrowsAsync(requireSpace('/', 0));
  await t.throwsAsync(requireSpace('/', 1e18), {
    code: 'DISK_FULL',
    message: /expected 1,000,000,000,000 MB free, got [\d,]+ MB/,
  });
});

test('a full disk is known from a message and from a system call', (t) => {
  t.true(tellsDiskFull('tar: x: Cannot write: No space left on device'));
  t.true(tellsDiskFull(Object.assign(new Error('write'), { code: 'ENOSPC' })));
  t.false(tellsDiskFull('error: x'));
  t.false(tellsDiskFull(undefined));
});
