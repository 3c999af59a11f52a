import test from 'ava';
import { inheritedState } from './migration.ts';

test('QEMU reads the state as a file as soon as it can', (t) => {
  const uris = [
    [7, 2],
    [8, 1],
    [8, 2],
    [9, 0],
    [10, 0],
  ].map(([major = 0, minor = 0]) => inheritedState({ major, minor }));
  t.deepEqual(uris, ['fd:6', 'fd:6', 'file:/dev/fd/6', 'file:/dev/fd/6', 'file:/dev/fd/6']);
});
