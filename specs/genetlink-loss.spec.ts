// What a generic netlink socket loses under load: kmod/genetlink sends events at its own pace.
import type { Needs } from 'ringcross/guest';
import { offeredLoad } from './offered-load.ts';

export const needs = { modules: ['genetlink'] } satisfies Needs;

const common = {
  mechanism: 'genetlink',
  direction: 'k2u',
  kernel: 'genetlink',
  bytes: 256,
  rooms: [1024, 4096, 16384, 32768].map((size) => ({
    size,
    unit: 'bytes' as const,
    capacity: null,
    bench: size,
  })),
} as const;

/**
 * The sender is told nothing as long as anybody takes the message. The receiver is told once that it has lost something;
 * until it has emptied its queue, netlink drops what comes and does not say so again: netlink_overrun().
 */
const toldOfGroup = [
  { learned: 'receiver', error: 'ENOBUFS' },
  { learned: 'nobody', error: null },
] as const;

offeredLoad({
  ...common,
  bench: 'load-unicast',
  variant: 'unicast',
  told: [{ learned: 'sender', error: 'EAGAIN' }],
});

// A member of the group beside one that has room for all.
offeredLoad({
  ...common,
  bench: 'load-multicast',
  variant: 'multicast',
  told: toldOfGroup,
});
