import test from 'ava';
import { driversFor, type ModuleIndex, moduleName } from './drivers.ts';

const index: ModuleIndex = {
  dependencies: [
    'kernel/a/disk.ko.xz: kernel/b/bus.ko kernel/b/ring-core.ko',
    'kernel/b/bus.ko: kernel/b/ring-core.ko',
    'kernel/b/ring-core.ko:',
    'kernel/fs/tree.ko: kernel/lib/sums.ko',
    'kernel/lib/sums.ko:',
    'kernel/crypto/fast-sum.ko:',
    'kernel/crypto/back.ko:',
  ].join('\n'),
  softDependencies: [
    '# Soft dependencies extracted from modules themselves.',
    'softdep sums pre: sum32 other post: late',
    'softdep fast_sum pre: back',
    'softdep back pre: fast_sum',
  ].join('\n'),
  aliases: 'alias sum32 fast_sum\nalias pci:v00001AF4d* bus\n',
  builtin: 'kernel/drivers/net/net-card.ko\n',
  builtinInfo: 'net_card.license=GPL\0net_card.alias=card\0',
};

test('what a module needs comes before it, and each once', (t) => {
  t.deepEqual(driversFor(['disk', 'bus'], index), {
    modules: ['kernel/b/ring-core.ko', 'kernel/b/bus.ko', 'kernel/a/disk.ko.xz'],
    missing: [],
  });
});

test('what it asks for softly comes before it too, in a circle once, and need not exist', (t) => {
  t.deepEqual(driversFor(['tree'], index).modules, [
    'kernel/crypto/back.ko',
    'kernel/crypto/fast-sum.ko',
    'kernel/lib/sums.ko',
    'kernel/fs/tree.ko',
  ]);
});

test('what the kernel itself offers under a name needs no module of that name', (t) => {
  const offered = { ...index, builtinInfo: 'sum_generic.alias=sum32\0' };
  t.deepEqual(driversFor(['tree'], offered).modules, ['kernel/lib/sums.ko', 'kernel/fs/tree.ko']);
});

test('what is built in needs nothing, what is nowhere is told', (t) => {
  t.deepEqual(driversFor(['net_card', 'sound'], index), { modules: [], missing: ['sound'] });
});

test('a module has the name that the kernel gives it', (t) => {
  t.is(moduleName('kernel/drivers/char/hw_random/virtio-rng.ko.zst'), 'virtio_rng');
  t.is(moduleName('virtio_rng.ko'), 'virtio_rng');
});
