// What a relay channel loses under load: kmod/relay writes at its own pace.
import type { TestContext } from 'node:test';
import { type Needs, reload } from 'ringcross/guest';
import { offeredLoad } from './offered-load.ts';

export const needs = { modules: ['relay'] } satisfies Needs;

const bytes = 256;
const subbufs = 4;

const rooms = [1024, 4096, 8192, 16384].map((size) => ({
  size,
  unit: 'bytes' as const,
  capacity: size / bytes,
  make: (t: TestContext) => reload(t, 'relay', `subbuf_size=${size / subbufs} n_subbufs=${subbufs}`),
}));

const common = { mechanism: 'relay', direction: 'k2u', kernel: 'relay', bytes } as const;

// A full buffer drops what is new, and relay_write() returns nothing.
offeredLoad({
  ...common,
  rooms,
  bench: 'load',
  variant: 'no-overwrite',
  told: [{ learned: 'nobody', error: null }],
});

// The same, asked for a place first: the sender learns that there is none.
offeredLoad({
  ...common,
  rooms,
  bench: 'load-reserve',
  variant: 'reserve',
  told: [{ learned: 'sender', error: 'ENOBUFS' }],
});

// A full buffer loses its oldest sub-buffer.
offeredLoad({
  ...common,
  rooms: rooms.map((room) => ({ ...room, capacity: null })),
  bench: 'load-overwrite',
  variant: 'overwrite',
  told: [{ learned: 'nobody', error: null }],
});
