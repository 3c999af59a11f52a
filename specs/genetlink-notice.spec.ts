// Who learns of an event of generic netlink that is not delivered, by each way to send one.
import assert from 'node:assert/strict';
import { attempt, decodeMessages, type Needs } from 'ringcross/guest';
import { contentOf, openListener, openSubscriber, produce, room } from './genetlink-socket.ts';
import { lossNotices } from './loss-notice.ts';
import { MSG_DONTWAIT } from './netlink-socket.ts';

export const needs = { modules: ['genetlink'] } satisfies Needs;

lossNotices({
  mechanism: 'genetlink',
  produce: (seq) => produce(`1024 ${seq}`),
  receive: (fd) => {
    const bytes = Buffer.alloc(room);
    const got = attempt('recvfrom', fd, bytes, room, MSG_DONTWAIT, 0, 0);
    if (typeof got === 'string') return got;
    const [event] = decodeMessages(bytes.subarray(0, got));
    assert.ok(event);
    return Number(contentOf(event).seq);
  },
  unicast: { subject: 'genlmsg_unicast', open: openSubscriber },
  multicast: { subject: 'genlmsg_multicast', open: openListener },
});
