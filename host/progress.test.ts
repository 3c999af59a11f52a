import test from 'ava';
import { liveLines } from './progress.ts';

test('each task has its line, in the order in which they began, cut to the terminal', (t) => {
  const tasks = new Map([
    ['6.12-instructions-pipe', 'a pipe › carries every byte of every message'],
    ['6.12-emulated-shm', 'starting'],
  ]);
  t.is(
    liveLines(tasks, 200),
    '6.12-instructions-pipe: a pipe › carries every byte of every message\n  6.12-emulated-shm: starting',
  );
  t.is(liveLines(tasks, 33), '6.12-instructions-pipe: a pipe\n  6.12-emulated-shm: starting');
  t.is(liveLines(new Map(), 80), '');
});
