import test from 'ava';
import { pinning } from './pin.ts';

test('virtual CPUs get the last host CPUs, one each', (t) => {
  t.deepEqual(pinning(8, 2), [6, 7]);
  t.deepEqual(pinning(2, 2), [0, 1]);
});

test('a host with too few CPUs pins nothing', (t) => {
  t.is(pinning(1, 2), null);
});
