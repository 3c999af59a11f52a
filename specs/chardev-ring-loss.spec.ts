// What does not get into the ring that a program shares with the kernel: kmod/chardev sends at its own pace.
import type { TestContext } from 'node:test';
import { type Needs, reload } from 'ringcross/guest';
import { offeredLoad } from './offered-load.ts';

export const needs = { modules: ['chardev'] } satisfies Needs;

offeredLoad({
  mechanism: 'chardev',
  direction: 'k2u',
  kernel: 'chardev-ring',
  bench: 'load-ring',
  variant: 'ring',
  bytes: 256,
  rooms: [1, 4, 16, 64].map((size) => ({
    size,
    unit: 'messages' as const,
    capacity: size,
    make: (t: TestContext) => reload(t, 'chardev', `ring_slots=${size}`),
  })),
  told: [{ learned: 'sender', error: 'EAGAIN' }],
});
