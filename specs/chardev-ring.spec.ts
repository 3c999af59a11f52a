// A character device with mmap: /dev/ringcross-chardev-ring of kmod/chardev, two rings in memory that one program shares
// with the kernel, one in each direction. kmod/chardev/ring-layout.h has their layout.
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  finding,
  holdReceiver,
  kernelSide,
  loadModule,
  measure,
  modulePath,
  type Needs,
  poll,
  pollAsync,
  pollfd,
  resetStamps,
  sizes,
  startPeer32,
  unloadModule,
  until,
  untilBlocked,
  verified,
  verifyBelow,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'], modules: ['chardev'] } satisfies Needs;

// The user copies a message into the ring: no system call. The kernel takes it when a trigger tells it to, and that
// trigger is part of the transit.
measure({ mechanism: 'chardev', direction: 'u2k', variant: 'ring', sizes, kernel: 'chardev-ring' });

// The same with the ioctl by which a program tells the kernel of it: copy, call and the kernel's receiving in one window.
measure({ mechanism: 'chardev', direction: 'u2k', variant: 'ring-doorbell', sizes, kernel: 'chardev-ring' });

// The kernel copies a message into the ring, then the user's look at the index finds it: no system call.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'ring', sizes, kernel: 'chardev-ring' });

// The same with a user that waits in poll. The transit ends when poll has returned; the copy out is not in it.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'ring-poll', sizes, kernel: 'chardev-ring' });

const device = '/dev/ringcross-chardev-ring';
const { O_RDONLY, O_RDWR } = constants;
const page = 4096;
const slots = 16;
const largest = 65536;
/** A slot has a header of eight bytes, and starts at a multiple of 256. */
const slotBytes = 65792;
const slotsBytes = Math.ceil((slots * slotBytes) / page) * page;
const doorbell = 0xde00;

/** Offsets for mmap. */
const offsets = {
  toUser: { header: 0, slots: 0x2000_0000 },
  toKernel: { header: 0x1000_0000, slots: 0x3000_0000 },
};
/** Offsets in a header. */
const [headAt, tailAt, slotsAt] = [0, 64, 128];

const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_SHARED, MAP_PRIVATE] = [1, 2];

/** The device, closed when the test ends. */
const openDevice = (t: TestContext): number => {
  const fd = attempt('open', device, O_RDWR);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  t.after(() => assert.equal(attempt('close', fd), 0));
  return fd;
};

const mmap = (t: TestContext, fd: number, offset: number, bytes: number, protection: number): number => {
  const address = attempt('mmap', 0, bytes, protection, MAP_SHARED, fd, offset);
  assert.ok(typeof address === 'number', `mmap: ${address}`);
  t.after(() => assert.equal(attempt('munmap', address, bytes), 0));
  return address;
};

/** Memory of this process, by address. */
interface Memory {
  get(address: number, bytes: number): Buffer;
  put(address: number, bytes: Uint8Array): void;
}

const ownMemory = (t: TestContext): Memory => {
  const fd = openSync('/proc/self/mem', 'r+');
  t.after(() => closeSync(fd));
  return {
    get: (address, bytes) => {
      const buffer = Buffer.alloc(bytes);
      assert.equal(readSync(fd, buffer, 0, bytes, address), bytes);
      return buffer;
    },
    put: (address, bytes) => assert.equal(writeSync(fd, bytes, 0, bytes.length, address), bytes.length),
  };
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** One ring as user space sees it. */
class Ring {
  readonly #memory: Memory;
  readonly #header: number;
  readonly #slots: number;

  constructor(memory: Memory, header: number, slots: number) {
    this.#memory = memory;
    this.#header = header;
    this.#slots = slots;
  }

  word(at: number): number {
    return this.#memory.get(this.#header + at, 4).readUInt32LE();
  }

  setWord(at: number, value: number): void {
    this.#memory.put(this.#header + at, u32(value));
  }

  /** Where the slot of an index is. */
  slot(index: number): number {
    return this.#slots + (index % slots) * slotBytes;
  }

  /** Writes a message into the next slot and publishes it, whatever room there is. */
  send(message: Buffer, bytes = message.length): void {
    const head = this.word(headAt);
    this.#memory.put(this.slot(head), u32(bytes));
    this.#memory.put(this.slot(head) + 8, message);
    this.setWord(headAt, head + 1);
  }

  /** The oldest message, or as much of it as there is room for; its slot is given back. Null when there is none. */
  take(room = largest): Buffer | null {
    const tail = this.word(tailAt);
    if (this.word(headAt) === tail) return null;
    const bytes = this.#memory.get(this.slot(tail), 4).readUInt32LE();
    const message = this.#memory.get(this.slot(tail) + 8, Math.min(bytes, room));
    this.setWord(tailAt, tail + 1);
    return message;
  }
}

/** Both rings, mapped until the test ends. */
const openRings = (t: TestContext) => {
  const fd = openDevice(t);
  const memory = ownMemory(t);
  const both = PROT_READ | PROT_WRITE;
  const toUser = new Ring(
    memory,
    mmap(t, fd, offsets.toUser.header, page, both),
    mmap(t, fd, offsets.toUser.slots, slotsBytes, PROT_READ),
  );
  const toKernel = new Ring(
    memory,
    mmap(t, fd, offsets.toKernel.header, page, both),
    mmap(t, fd, offsets.toKernel.slots, slotsBytes, both),
  );
  resetStamps('chardev-ring', 'received');
  resetStamps('chardev-ring', 'sent');
  return { fd, memory, toUser, toKernel };
};

/** A 32-bit process that has all of both rings mapped, by address. */
const startPeer = async (t: TestContext) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  resetStamps('chardev-ring', 'received');
  const fd = await peer.attempt('open', device, O_RDWR);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  const map = async (offset: number, bytes: number, protection: number): Promise<number> => {
    const address = await peer.attempt('mmap2', 0, bytes, protection, MAP_SHARED, fd, offset / page);
    assert.ok(typeof address === 'number', `mmap2: ${address}`);
    return address;
  };
  const both = PROT_READ | PROT_WRITE;
  return {
    peer,
    fd,
    inbound: await map(offsets.toUser.header, page, both),
    inboundSlots: await map(offsets.toUser.slots, slotsBytes, PROT_READ),
    outbound: await map(offsets.toKernel.header, page, both),
    outboundSlots: await map(offsets.toKernel.slots, slotsBytes, both),
  };
};

/** A message: its sequence number, then its bytes, counted up. */
const message = (seq: number, bytes = 8): Buffer => {
  const bytesOf = Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));
  bytesOf.writeBigUInt64LE(BigInt(seq));
  return bytesOf;
};

const produce = (order: string): void => writeFileSync(debugfs('chardev-ring', 'produce'), order);
const consume = (order: string): void => writeFileSync(debugfs('chardev-ring', 'consume'), order);
const ring = (fd: number): number | string => attempt('ioctl', fd, doorbell, 0);

/** Sequence numbers that the module has stamped, in order. */
const stamped = (side: 'sent' | 'received'): bigint[] =>
  [...kernelSide('chardev-ring', side).stamps].filter((_, index) => index % 3 === 0);

const numberOf = (taken: Buffer | null): number | undefined => taken?.readUInt32LE();

/** More messages than a ring has slots, in turn, both ways. */
const turnOver = (toUser: Ring, toKernel: Ring): void => {
  for (let seq = 1; seq <= 2.5 * slots; seq++) {
    const bytes = 8 * seq;
    produce(`${bytes} ${seq}`);
    const taken = toUser.take();
    assert.deepEqual([taken?.length, numberOf(taken)], [bytes, seq]);
    toKernel.send(message(seq, bytes));
    consume(`${bytes} ${seq}`);
  }
  assert.equal(toUser.take(), null);
  assert.throws(() => consume('8 0'), { code: 'EAGAIN' });
};

test('the header tells the shape of a ring', (t) => {
  const { toUser, toKernel } = openRings(t);
  for (const one of [toUser, toKernel]) {
    const shape = [0, 4, 8].map((at) => one.word(slotsAt + at));
    assert.deepEqual(shape, [slots, slotBytes, largest]);
    assert.equal(one.word(headAt), one.word(tailAt), 'it is empty');
  }
});

test('messages go through in their turn and in their own length, however often the ring turns over', (t) => {
  const { toUser, toKernel } = openRings(t);
  turnOver(toUser, toKernel);
});

test('a message is the same on the other side, and one that is not is noticed', (t) => {
  const { fd, toUser, toKernel } = openRings(t);
  // A message that the kernel made up has a checksum, which the kernel looks at when it gets the message back.
  produce('416 1');
  const made = toUser.take();
  assert.ok(made);
  verifyBelow('chardev-ring', 2);
  t.after(() => verifyBelow('chardev-ring', 0));
  toKernel.send(made);
  assert.equal(ring(fd), 1);
  assert.deepEqual(verified('chardev-ring'), { intact: 1, corrupt: 0 });
  made.writeUInt8(made.readUInt8(100) ^ 1, 100);
  toKernel.send(made);
  assert.equal(ring(fd), 1);
  assert.deepEqual(verified('chardev-ring'), { intact: 1, corrupt: 1 });
});

test('the doorbell makes the kernel take all there are, and tells how many', (t) => {
  const { fd, toKernel } = openRings(t);
  assert.equal(ring(fd), 0);
  for (const seq of [3, 4, 5]) toKernel.send(message(seq));
  assert.equal(ring(fd), 3);
  assert.deepEqual(stamped('received'), [3n, 4n, 5n]);
  assert.equal(ring(fd), 0);
  for (const wrong of [doorbell + 1, 0xdf00, 0x5401]) assert.equal(attempt('ioctl', fd, wrong, 0), 'ENOTTY');
});

test('of doorbells that ring at once, each message is taken by one', async (t) => {
  const { fd, toKernel } = openRings(t);
  const numbers = Array.from({ length: slots }, (_, seq) => seq);
  for (const seq of numbers) toKernel.send(message(seq));
  const took = await Promise.all(numbers.slice(0, 4).map(() => attemptAsync('ioctl', fd, doorbell, 0)));
  assert.equal(
    took.reduce<number>((sum, one) => sum + Number(one), 0),
    slots,
    `${took}`,
  );
  assert.deepEqual(stamped('received').sort(), numbers.map(BigInt).sort());
});

test('a full ring is EAGAIN to the kernel, until user space has taken a message', (t) => {
  const { toUser } = openRings(t);
  for (let seq = 0; seq < slots; seq++) produce(`8 ${seq}`);
  const refused = triggered(() => produce('8 99'));
  assert.equal(refused, 'EAGAIN');
  assert.equal(numberOf(toUser.take()), 0);
  produce(`8 ${slots}`);
  for (let seq = 1; seq <= slots; seq++) assert.equal(numberOf(toUser.take()), seq);
  assert.equal(toUser.take(), null, 'the reader is told of nothing');
  finding({
    about: 'loss notice',
    mechanism: 'chardev',
    subject: 'message put in the ring',
    direction: 'k2u',
    sender: refused,
    receiver: 'nothing',
    says: `the ring holds ${slots}: the newest is refused`,
  });
  finding({
    about: 'guarantee',
    mechanism: 'chardev',
    subject: 'k2u ring',
    loses: 'when full',
    condition: 'the kernel does not wait for room',
    says: `a full ring is ${refused} to the sender; what is in it comes whole and in order`,
  });
});

test('a full ring shows user space no room, until the kernel has taken a message', async (t) => {
  const { fd, toKernel } = openRings(t);
  for (let seq = 0; seq < slots; seq++) toKernel.send(message(seq));
  assert.equal(toKernel.word(headAt) - toKernel.word(tailAt), slots);
  assert.deepEqual(poll(fd), []);
  const waiting = pollAsync(fd, ['out'], 10_000);
  await untilBlocked('poll');
  const survivor = unloading('chardev');
  assert.equal(survivor, 'refused: EAGAIN');
  consume('8 0');
  assert.deepEqual(await waiting, ['out'], 'a poll that waits for room is woken');
  assert.equal(toKernel.word(headAt) - toKernel.word(tailAt), slots - 1);
  assert.equal(ring(fd), slots - 1);
  assert.deepEqual(
    stamped('received'),
    Array.from({ length: slots }, (_, seq) => BigInt(seq)),
  );
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, blocked in poll for room',
    direction: 'u2k',
    of: 'module',
    survivor,
    says: 'the open file holds the module',
  });
  finding({
    about: 'guarantee',
    mechanism: 'chardev',
    subject: 'u2k ring',
    loses: 'never',
    condition: 'the user looks for room first, and lives until the kernel has taken it',
    says: 'the index of the kernel tells what it has taken; poll waits for room',
  });
});

test('an index of user space that cannot be is EPROTO, and nothing is written', (t) => {
  const { fd, toUser } = openRings(t);
  produce('8 1');
  const [head, tail] = [toUser.word(headAt), toUser.word(tailAt)];
  // Further than the kernel has come, or further behind than there are slots.
  for (const wrong of [head + 1, head - slots - 1, head + 2 ** 31, head + slots]) {
    toUser.setWord(tailAt, wrong);
    assert.throws(() => produce('8 2'), { code: 'EPROTO' }, `tail ${wrong}`);
    assert.deepEqual(poll(fd), ['out', 'err'], `tail ${wrong}`);
  }
  assert.equal(toUser.word(headAt), head);
  toUser.setWord(tailAt, tail);
  produce('8 2');
  assert.deepEqual([toUser.take(), toUser.take()].map(numberOf), [1, 2]);
  assert.deepEqual(stamped('sent'), [1n, 2n]);
});

test('a head of user space that cannot be is EPROTO, and nothing is read', (t) => {
  const { fd, toKernel } = openRings(t);
  toKernel.send(message(1));
  const [head, tail] = [toKernel.word(headAt), toKernel.word(tailAt)];
  for (const wrong of [tail - 1, tail + slots + 1, tail + 2 ** 31]) {
    toKernel.setWord(headAt, wrong);
    assert.throws(() => consume('8 1'), { code: 'EPROTO' }, `head ${wrong}`);
    assert.equal(ring(fd), 'EPROTO', `head ${wrong}`);
    assert.deepEqual(poll(fd), ['err'], `head ${wrong}`);
  }
  assert.equal(toKernel.word(tailAt), tail);
  assert.deepEqual(stamped('received'), []);
  toKernel.setWord(headAt, head);
  consume('8 1');
});

test('a size that no message has is EPROTO, and the message stays', (t) => {
  const { fd, memory, toKernel } = openRings(t);
  toKernel.send(message(1));
  toKernel.send(message(2));
  const second = toKernel.slot(toKernel.word(tailAt) + 1);
  for (const wrong of [0, 7, largest + 1, 2 ** 31, 2 ** 32 - 1]) {
    memory.put(toKernel.slot(toKernel.word(tailAt)), u32(wrong));
    assert.throws(() => consume('8 1'), { code: 'EPROTO' }, `${wrong} bytes`);
    assert.equal(ring(fd), 'EPROTO', `${wrong} bytes`);
  }
  assert.deepEqual(stamped('received'), []);
  memory.put(toKernel.slot(toKernel.word(tailAt)), u32(8));
  memory.put(second, u32(largest + 1));
  assert.equal(ring(fd), 1, 'what came before the bad one has been taken');
  assert.equal(ring(fd), 'EPROTO');
  memory.put(second, u32(8));
  assert.equal(ring(fd), 1);
  assert.deepEqual(stamped('received'), [1n, 2n]);
});

test('the kernel does not believe what shared memory says of its own index, or of the shape', (t) => {
  const { fd, toUser, toKernel } = openRings(t);
  for (const one of [toUser, toKernel]) for (const at of [0, 4, 8]) one.setWord(slotsAt + at, 2 ** 32 - 1);
  toUser.setWord(headAt, 12345);
  produce('8 1');
  assert.equal(toUser.word(headAt), toUser.word(tailAt) + 1, 'it writes what it knows');
  assert.equal(numberOf(toUser.take()), 1);
  toKernel.send(message(2));
  toKernel.setWord(tailAt, 12345);
  assert.equal(ring(fd), 1);
  assert.equal(toKernel.word(tailAt), toKernel.word(headAt));
  assert.deepEqual(stamped('received'), [2n]);
});

test('a mapping is one part of the rings and no larger', (t) => {
  const fd = openDevice(t);
  const map = (offset: number, bytes: number, protection = PROT_READ, kind = MAP_SHARED) =>
    attempt('mmap', 0, bytes, protection, kind, fd, offset);
  for (const { header, slots: slotsOffset } of Object.values(offsets)) {
    assert.equal(map(header, 2 * page), 'EINVAL', 'a header is one page');
    assert.equal(map(header + page, page), 'EINVAL', 'behind a header');
    assert.equal(map(slotsOffset, slotsBytes + page), 'EINVAL');
    assert.equal(map(slotsOffset + page, page), 'EINVAL', 'a part starts where it starts');
    assert.equal(map(header, page, PROT_READ, MAP_PRIVATE), 'EINVAL', 'a copy would be no ring');
    assert.equal(map(header, 0), 'EINVAL');
    assert.equal(map(header + 8, page), 'EINVAL', 'not on a page');
  }
  for (const offset of [0x4000_0000, 2 ** 40, 0x7fff_ffff_ffff_f000n])
    assert.equal(attempt('mmap', 0, page, PROT_READ, MAP_SHARED, fd, offset), 'EINVAL', `${offset}`);
  const address = mmap(t, fd, offsets.toUser.header, page, PROT_READ);
  const MREMAP_MAYMOVE = 1;
  assert.equal(attempt('mremap', address, page, 2 * page, MREMAP_MAYMOVE), 'EFAULT', 'nor does it grow');
});

test('what the kernel writes can only be mapped for reading, and stays so', (t) => {
  const fd = openDevice(t);
  const { slots: offset } = offsets.toUser;
  const both = PROT_READ | PROT_WRITE;
  assert.equal(attempt('mmap', 0, slotsBytes, both, MAP_SHARED, fd, offset), 'EACCES');
  const address = mmap(t, fd, offset, slotsBytes, PROT_READ);
  assert.equal(attempt('mprotect', address, page, both), 'EACCES');
  const writable = mmap(t, fd, offsets.toKernel.slots, slotsBytes, PROT_READ);
  assert.equal(attempt('mprotect', writable, page, both), 0, 'unlike what the user writes');
});

test('who opens the device for reading can map nothing for writing', (t) => {
  const fd = attempt('open', device, O_RDONLY);
  t.after(() => assert.equal(attempt('close', fd), 0));
  const header = (protection: number) =>
    attempt('mmap', 0, page, protection, MAP_SHARED, fd, offsets.toKernel.header);
  assert.equal(header(PROT_READ | PROT_WRITE), 'EACCES');
  const address = header(PROT_READ);
  assert.equal(attempt('mprotect', address, page, PROT_READ | PROT_WRITE), 'EACCES');
  assert.equal(attempt('munmap', address, page), 0);
});

test('a child does not inherit the mappings', (t) => {
  const fd = openDevice(t);
  const address = mmap(t, fd, offsets.toKernel.header, page, PROT_READ);
  const maps = readFileSync('/proc/self/smaps', 'latin1');
  const [, own = ''] = maps.split(new RegExp(`^${address.toString(16)}-.*$`, 'm'));
  const [flags = ''] = own.match(/^VmFlags: .*$/m) ?? [];
  assert.match(flags, / dc( |$)/, 'proc(5): do not copy area on fork');
});

test('a ring has one user at a time, who is gone when the last mapping is', (t) => {
  const fd = attempt('open', device, O_RDWR);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  assert.equal(attempt('open', device, O_RDWR), 'EBUSY');
  const address = attempt('mmap', 0, slotsBytes, PROT_READ, MAP_SHARED, fd, offsets.toUser.slots);
  produce('64 1');
  assert.equal(attempt('close', fd), 0);
  assert.equal(attempt('open', device, O_RDWR), 'EBUSY', 'closed, but mapped');
  const survivor = unloading('chardev');
  assert.equal(survivor, 'refused: EAGAIN');
  assert.equal(attempt('munmap', address, page), 0);
  assert.equal(attempt('open', device, O_RDWR), 'EBUSY', 'the rest of it is mapped');
  assert.equal(attempt('munmap', Number(address) + page, slotsBytes - page), 0);

  const { memory, toUser } = openRings(t);
  assert.equal(toUser.take(), null, 'the next one finds nothing of the last one');
  assert.ok(memory.get(toUser.slot(0), 72).equals(Buffer.alloc(72)));
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, closed but mapped',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'the mapping holds the module',
  });
});

test('what a reader of the ring has not taken is gone when it is killed, and the kernel goes on', async (t) => {
  const { peer, inbound } = await startPeer(t);
  for (const seq of [1, 2, 3]) produce(`8 ${seq}`);
  await peer.poke(inbound + tailAt, u32(1));
  await peer.stop();
  const sent = triggered(() => produce('8 4'));
  assert.equal(sent, 'taken');
  const { toUser } = openRings(t);
  assert.deepEqual([toUser.take(), toUser.take()].map(numberOf), [4, undefined]);
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, mapped',
    direction: 'k2u',
    of: 'reader',
    survivor: 'nothing',
    says: 'the ring is emptied: what it had not taken goes with it; the next message stays for whoever opens next',
  });
});

test('a reader that is killed while it waits in poll for the ring leaves it to fill up', async (t) => {
  const { peer, fd } = await startPeer(t);
  await peer.killIn('poll', pollfd(fd, ['in']), 1, -1);
  const sent = Array.from({ length: slots + 1 }, (_, seq) => triggered(() => produce(`8 ${seq}`)));
  assert.deepEqual(sent, [...Array(slots).fill('taken'), 'EAGAIN']);
  const { toUser } = openRings(t);
  assert.equal(numberOf(toUser.take()), 0);
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, blocked in poll',
    direction: 'k2u',
    of: 'reader',
    survivor: `nothing; ${sent[slots]} when the ring is full`,
    says: 'messages wait for whoever opens next',
  });
});

test('a message whose writer is killed before it has published it is none', async (t) => {
  const { peer, outboundSlots } = await startPeer(t);
  await peer.poke(outboundSlots, Buffer.concat([u32(64), u32(0), message(2, 64).subarray(0, 32)]));
  assert.throws(() => consume('64 2'), { code: 'EAGAIN' });
  await peer.stop();
  const survivor = triggered(() => consume('64 2'));
  assert.equal(survivor, 'EAGAIN');
  const { memory, toKernel } = openRings(t);
  assert.ok(memory.get(toKernel.slot(0), 72).equals(Buffer.alloc(72)), 'nor does the next one find it');
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, half of a message stored',
    direction: 'u2k',
    of: 'writer',
    survivor: 'nothing',
    says: `to the kernel the ring is empty: ${survivor}`,
  });
});

test('a published message whose writer is killed before the kernel has taken it is gone', async (t) => {
  const { peer, fd, outbound, outboundSlots } = await startPeer(t);
  await peer.poke(outboundSlots, Buffer.concat([u32(64), u32(0), message(2, 64)]));
  await peer.poke(outbound + headAt, u32(1));
  const release = holdReceiver('chardev-ring');
  t.after(release);
  await peer.killIn('ioctl', fd, doorbell, 0);
  release();
  const survivor = triggered(() => consume('64 2'));
  assert.equal(survivor, 'EAGAIN');
  assert.deepEqual(stamped('received'), []);
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, blocked in the doorbell',
    direction: 'u2k',
    of: 'writer',
    survivor: 'nothing',
    says: `published, and gone with the writer: ${survivor} to the kernel`,
  });
});

test('the worker fills the ring while user space empties it', async (t) => {
  const { toUser } = openRings(t);
  const worker = debugfs('chardev-ring', 'worker');
  const got: number[] = [];
  for (let round = 0; round < 4; round++) {
    writeFileSync(worker, `produce 64 ${round * slots} ${slots}`);
    await until('as many messages as there are slots', () => {
      for (let taken = toUser.take(); taken; taken = toUser.take()) got.push(taken.readUInt32LE());
      return got.length === (round + 1) * slots;
    });
  }
  writeFileSync(worker, 'stop');
  assert.deepEqual(
    got,
    got.map((_, seq) => seq),
  );
});

test('who waits in poll or in epoll_wait for a message in the ring is woken', async (t) => {
  const { fd, toUser } = openRings(t);
  assert.deepEqual(poll(fd), ['out']);
  const epoll = attempt('epoll_create1', 0);
  t.after(() => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event is packed on x86-64: events, then eight bytes of the program's own.
  const [add, in_] = [1, 1];
  const event = Buffer.alloc(12);
  event.writeUInt32LE(in_);
  assert.equal(attempt('epoll_ctl', epoll, add, fd, event), 0);
  const polling = pollAsync(fd, ['in'], 10_000);
  const waiting = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('poll');
  await untilBlocked('epoll_wait', Number(epoll));
  const survivor = unloading('chardev');
  assert.equal(survivor, 'refused: EAGAIN');
  produce('8 1');
  assert.deepEqual(await polling, ['in']);
  assert.equal(await waiting, 1);
  assert.deepEqual(poll(fd), ['in', 'out']);
  assert.equal(numberOf(toUser.take()), 1);
  assert.deepEqual(poll(fd), ['out']);
  finding({
    about: 'signalling',
    mechanism: 'chardev',
    subject: 'mmap',
    works: true,
    says: 'woken in poll and in epoll_wait; the doorbell is an ioctl',
  });
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'ring, blocked in poll',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'the open file holds the module',
  });
});

test('the largest message is what a slot has room for, both ways', (t) => {
  const { fd, memory, toUser, toKernel } = openRings(t);
  const put = (bytes: number) => triggered(() => produce(`${bytes} 1`));
  const toReader = [put(0), put(largest + 1), put(largest)] as const;
  assert.deepEqual(toReader, ['EINVAL', 'EMSGSIZE', 'taken']);
  assert.equal(toUser.take()?.length, largest);
  assert.equal(toUser.take(), null, 'none of the others came into the ring');

  // A size that is refused stays where it is, until user space has put it right.
  const slot = toKernel.slot(toKernel.word(headAt));
  const rung = (bytes: number) => {
    memory.put(slot, u32(bytes));
    return taken(1, ring(fd));
  };
  toKernel.send(message(2, largest));
  const toReceiver = [rung(0), rung(largest + 1), rung(largest)] as const;
  assert.deepEqual(toReceiver, ['EPROTO', 'EPROTO', 'taken']);
  assert.deepEqual(stamped('received'), [2n]);
  for (const [direction, subject, [empty, more, whole], says] of [
    ['k2u', 'message put in the ring', toReader, 'nothing of it is in the ring'],
    ['u2k', 'store into the ring, doorbell', toReceiver, 'it stays in the ring, in the way of the next'],
  ] as const)
    boundaries(
      { mechanism: 'chardev', direction, subject },
      {
        empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
        largest: { bytes: largest, result: whole, says: "a slot, the module's max_message" },
        'one more': { bytes: largest + 1, result: more, says },
      },
    );
  const [, refused] = toReceiver;
  finding({
    about: 'transfer limit',
    mechanism: 'chardev',
    subject: 'mmap',
    bytes: largest,
    says: `a slot, the module's max_message; then ${refused}`,
  });
});

test('an old reader of the ring skips a field that it does not know', (t) => {
  const { toUser } = openRings(t);
  produce('72 1');
  produce('64 2');
  const old = toUser.take(64);
  assert.deepEqual([old?.length, numberOf(old)], [64, 1]);
  assert.equal(numberOf(toUser.take(64)), 2, 'the next message is where it was');
  finding({
    about: 'extensibility',
    mechanism: 'chardev',
    subject: 'mmap, old reader',
    outcome: 'works',
    says: 'a slot tells its size and is as large as any: the rest is skipped',
  });
});

test('an old kernel refuses a message with one more field, which stays in the ring', (t) => {
  const { toKernel } = openRings(t);
  toKernel.send(message(1, 72));
  assert.throws(() => consume('64 1'), { code: 'EMSGSIZE' });
  assert.deepEqual(stamped('received'), []);
  consume('72 1');
  finding({
    about: 'extensibility',
    mechanism: 'chardev',
    subject: 'mmap, newer sender',
    outcome: 'refused',
    says: 'EMSGSIZE to a kernel that knows 64 bytes of 72; the message stays',
  });
});

test('a 32-bit program shares the rings: indices and sizes have 32 bits', async (t) => {
  const { peer, fd, inbound, inboundSlots, outbound, outboundSlots } = await startPeer(t);
  produce('64 1');
  assert.equal((await peer.peek(inbound + headAt, 4)).readUInt32LE(), 1);
  const [bytes, , number] = new Uint32Array(new Uint8Array(await peer.peek(inboundSlots, 16)).buffer);
  assert.deepEqual([bytes, number], [64, 1]);
  await peer.poke(inbound + tailAt, u32(1));

  await peer.poke(outboundSlots, Buffer.concat([u32(64), u32(0), message(2, 64)]));
  await peer.poke(outbound + headAt, u32(1));
  assert.equal(await peer.attempt('ioctl', fd, doorbell, 0), 1);
  assert.deepEqual(stamped('received'), [2n]);
  finding({
    about: 'portability',
    mechanism: 'chardev',
    subject: 'mmap',
    outcome: 'works',
    says: 'same layout, loads and stores in one piece; compat_ptr_ioctl for the doorbell',
  });
});

test("a message in the ring is nobody's until the kernel is told of it", async (t) => {
  const { fd, toKernel } = openRings(t);
  toKernel.send(message(6));
  assert.deepEqual(stamped('received'), [], 'it has been sent, and the kernel has not looked');
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'u2k',
    subject: 'store into the ring',
    returns: 'before',
    says: 'no call: the kernel takes it when it looks, or when the doorbell rings',
  });

  const release = holdReceiver('chardev-ring');
  t.after(release);
  const ringing = attemptAsync('ioctl', fd, doorbell, 0);
  await untilBlocked('ioctl', fd);
  assert.deepEqual(stamped('received'), [], 'the receiver is held, and so is the call');
  release();
  assert.equal(await ringing, 1);
  assert.deepEqual(stamped('received'), [6n]);
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'u2k',
    subject: 'ioctl of the ring',
    returns: 'after',
    says: 'the handler of the doorbell takes what is there: it waits as long as the receiver does',
  });
});

test('the kernel puts a message into the ring without waiting for user space', (t) => {
  const { toUser } = openRings(t);
  produce('8 5');
  assert.deepEqual(stamped('sent'), [5n], 'sent, and nobody has looked');
  assert.equal(numberOf(toUser.take()), 5);
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'k2u',
    subject: 'message put in the ring',
    returns: 'before',
    says: 'it waits in memory until user space looks; a full ring is EAGAIN',
  });
});

test('indices turn over after 2^32 messages, and the rings go on', (t) => {
  const first = 2 ** 32 - slots;
  const path = modulePath('chardev');
  unloadModule('chardev');
  loadModule(path, `ring_first=${first}`);
  const { toUser, toKernel } = openRings(t);
  // After the rings are closed: such hooks run in the order in which they were declared.
  t.after(() => {
    unloadModule('chardev');
    loadModule(path);
  });
  assert.equal(toUser.word(headAt), first);
  turnOver(toUser, toKernel);
  assert.ok(toUser.word(headAt) < first && toKernel.word(headAt) < first);
});

test('the number of slots is a power of two, and memory has a bound', (t) => {
  const path = modulePath('chardev');
  unloadModule('chardev');
  t.after(() => loadModule(path));
  for (const parameter of ['ring_slots=0', 'ring_slots=3', 'ring_slots=1024', 'ring_slots=4294967295'])
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameter),
    );
});

comesAndGoes('chardev', () => {
  const fd = attempt('open', device, O_RDWR);
  const address = attempt('mmap', 0, slotsBytes, PROT_READ, MAP_SHARED, fd, offsets.toUser.slots);
  produce('64 1');
  assert.equal(attempt('munmap', address, slotsBytes), 0);
  assert.equal(attempt('close', fd), 0);
});
