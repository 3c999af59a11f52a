import test from 'ava';
import { cpuFeatures, modelOf } from './cpu-features.ts';

test("a model with features on and off, as QEMU's monitor wants it", (t) => {
  t.deepEqual(modelOf('host,migratable=off,+invtsc'), {
    name: 'host',
    props: { migratable: false, invtsc: true },
  });
  t.deepEqual(modelOf('qemu64-v1'), { name: 'qemu64-v1', props: {} });
});

test('the emulated CPU has what its lens names and the emulator can, and nothing else', async (t) => {
  for (const lens of ['instructions', 'emulated'] as const) {
    const features = await cpuFeatures(lens);
    t.true(features.get('fsgsbase'));
    t.true(features.get('sse4_1'), 'as in /proc/cpuinfo');
    t.false(features.get('erms'), 'left out on purpose');
    t.false(features.get('avx512f'));
    t.false(features.has('no-such-feature'));
  }
});
