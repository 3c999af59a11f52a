// What a netlink socket loses under load, which is too full a receive buffer: kmod/netlink sends at its own pace.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { account, type Needs, openLoop } from 'ringcross/guest';
import { socketLoad } from './socket-load.ts';

export const needs = { modules: ['netlink'] } satisfies Needs;

socketLoad('netlink');

const rmemMax = '/proc/sys/net/core/rmem_max';
const usualMax = Number(readFileSync(rmemMax, 'latin1'));
const wanted = 1 << 20;

/** net.core.rmem_max for the rest of the test. */
const raiseMax = (t: TestContext, bytes: number): void => {
  writeFileSync(rmemMax, `${bytes}`);
  t.after(() => writeFileSync(rmemMax, `${usualMax}`));
};

// Messages at once, more than fit by default: what each way to a larger buffer saves. The kernel doubles what is asked for.
for (const { variant, bench, room, prepare } of [
  { variant: 'buffer, as by default', bench: 'load-rcvbuf', room: usualMax / 2 },
  { variant: 'buffer, SO_RCVBUF of 1 MiB: no more than rmem_max', bench: 'load-rcvbuf', room: wanted },
  {
    variant: 'buffer, SO_RCVBUF of 1 MiB, rmem_max raised',
    bench: 'load-rcvbuf',
    room: wanted,
    prepare: (t: TestContext) => raiseMax(t, wanted),
  },
  { variant: 'buffer, SO_RCVBUFFORCE of 1 MiB', bench: 'load-unicast', room: wanted },
])
  test(`k2u ${variant}: the same messages, and how many are lost`, async (t) => {
    prepare?.(t);
    const messages = 1000;
    const one = await openLoop({
      mechanism: 'netlink',
      direction: 'k2u',
      kernel: 'netlink',
      bench,
      variant,
      bytes: 256,
      messages,
      periodNs: 0,
      buffer: { size: room, unit: 'bytes', capacity: null },
      room,
    });
    // Each is accounted with its buffer's overhead: 1,280 bytes, all of one size.
    const granted =
      2 * (bench === 'load-rcvbuf' ? Math.min(room, Number(readFileSync(rmemMax, 'latin1'))) : room);
    const fits = Math.min(messages, Math.floor(granted / 1280));
    assert.equal(one.received, fits);
    assert.ok(one.losses.every(({ learned, error }) => learned === 'sender' && error === 'EAGAIN'));
    account({ ...one, buffer: { size: room, unit: 'bytes', capacity: fits } });
  });
