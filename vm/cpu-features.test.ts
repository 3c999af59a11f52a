import test from 'ava';
import { cpuFeatures } from './cpu-features.ts';

test('the emulated CPU has what its lens names and the emulator can, and nothing else', async (t) => {
  for (const lens of ['instructions', 'emulated'] as const) {
    const features = await cpuFeatures(lens, [
      'fsgsbase',
      'sse4_1',
      'erms',
      'avx512f',
      'no-such-feature',
      'type',
    ]);
    t.deepEqual(Object.fromEntries(features), {
      fsgsbase: true,
      // As in /proc/cpuinfo; QEMU's own name has a dot.
      sse4_1: true,
      // Left out of the model on purpose.
      erms: false,
      avx512f: false,
      'no-such-feature': null,
      // A property of the CPU, but no feature.
      type: null,
    });
  }
});
