// What both kinds of netlink do under load: the kernel sends at its own pace, to one socket or to a group.
import { offeredLoad } from './offered-load.ts';

/**
 * The sender is told nothing as long as anybody takes the message. The receiver is told once that it has lost something;
 * until it has emptied its queue, netlink drops what comes and does not say so again: netlink_overrun().
 */
const toldOfGroup = [
  { learned: 'receiver', error: 'ENOBUFS' },
  { learned: 'nobody', error: null },
] as const;

/** Declares the tests of a mechanism, whose module has its name. */
export const socketLoad = (mechanism: string): void => {
  const common = {
    mechanism,
    direction: 'k2u',
    kernel: mechanism,
    bytes: 256,
    rooms: [1024, 4096, 16384, 32768].map((size) => ({
      size,
      unit: 'bytes' as const,
      capacity: null,
      bench: size,
    })),
  } as const;
  offeredLoad({
    ...common,
    bench: 'load-unicast',
    variant: 'unicast',
    told: [{ learned: 'sender', error: 'EAGAIN' }],
  });
  // A member of the group beside one that has room for all.
  offeredLoad({ ...common, bench: 'load-multicast', variant: 'multicast', told: toldOfGroup });
};
