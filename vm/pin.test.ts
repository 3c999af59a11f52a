import test from 'ava';
import { parseCpuList, pinning } from './pin.ts';

test('virtual CPUs get the last of the host CPUs that may be used, one each', (t) => {
  t.deepEqual(pinning([0, 1, 2, 3], 2), [2, 3]);
  t.deepEqual(pinning([4, 6], 2), [4, 6]);
});

test('a host with too few CPUs pins nothing', (t) => {
  t.is(pinning([3], 2), null);
});

test('a list of CPUs is read with its ranges', (t) => {
  t.deepEqual(parseCpuList('0-2,5,8-9'), [0, 1, 2, 5, 8, 9]);
  t.deepEqual(parseCpuList('7'), [7]);
});
