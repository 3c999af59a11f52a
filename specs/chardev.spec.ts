// A character device with read and write: /dev/ringcross-chardev of kmod/chardev, a bounded queue of whole messages.
// The same module's shared memory has chardev-ring.spec.ts.
import assert from 'node:assert/strict';
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  finding,
  kernelSide,
  loadModule,
  measure,
  moduleLoaded,
  modulePath,
  type Needs,
  nowhere,
  poll,
  pollAsync,
  resetStamps,
  sample,
  sizes,
  startPeer32,
  unloadModule,
  untilBlocked,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'], modules: ['chardev'] } satisfies Needs;

// The user's write against the kernel's copy out of user space; the kernel stamps its side.
measure({ mechanism: 'chardev', direction: 'u2k', variant: 'write', sizes, kernel: 'chardev' });

// The same by a writer that would not wait for room: what the flag itself costs where there is room.
measure({ mechanism: 'chardev', direction: 'u2k', variant: 'write-nonblock', sizes, kernel: 'chardev' });

// The kernel puts a message into the queue, then the user's read finds it there.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'direct', sizes, kernel: 'chardev' });

// The same by a reader that would not wait for a message.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'nonblock', sizes, kernel: 'chardev' });

// The same with a reader that waits in read: its wake-up and the switch to it are part of the transit.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'blocking', sizes, kernel: 'chardev' });

// A reader that waits in poll or epoll_wait. The transit ends when that call has returned; the read is not in it.
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'poll', sizes, kernel: 'chardev' });
measure({ mechanism: 'chardev', direction: 'k2u', variant: 'epoll', sizes, kernel: 'chardev' });

const device = '/dev/ringcross-chardev';
const largest = 65536;
const capacity = 16;
const { O_NONBLOCK, O_RDWR } = constants;

/** The device, closed when the test ends: the last to close it empties it. */
const openDevice = (t: TestContext, flags = 0): number => {
  const fd = attempt('open', device, O_RDWR | flags);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  t.after(() => assert.equal(attempt('close', fd), 0));
  return fd;
};

/** A 32-bit process with the device open. */
const startPeer = async (t: TestContext) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const fd = await peer.attempt('open', device, O_RDWR);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  return { peer, fd };
};

/** A message: its sequence number, then its bytes, counted up. */
const message = (seq: number, bytes = 8): Buffer => {
  const bytesOf = Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));
  bytesOf.writeBigUInt64LE(BigInt(seq));
  return bytesOf;
};

const produce = (order: string): void => writeFileSync(debugfs('chardev', 'produce'), order);

/** Sequence numbers that the module has stamped, in order. */
const stamped = (side: 'sent' | 'received'): bigint[] =>
  [...kernelSide('chardev', side).stamps].filter((_, index) => index % 3 === 0);

test('a message comes back whole, in its turn and in its own length', (t) => {
  const fd = openDevice(t);
  const sent = [message(1, 100), message(2, largest), message(3, 8)];
  for (const one of sent) assert.equal(attempt('write', fd, one, one.length), one.length);
  const buffer = Buffer.alloc(largest);
  for (const one of sent) {
    assert.equal(attempt('read', fd, buffer, largest), one.length);
    assert.ok(buffer.subarray(0, one.length).equals(one));
  }
});

test('an empty device answers EAGAIN to a reader that will not wait', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 'EAGAIN');
});

test('a full device answers EAGAIN to a writer that will not wait, and to the kernel', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  for (let seq = 0; seq < capacity; seq++) assert.equal(attempt('write', fd, message(seq), 8), 8);
  assert.equal(attempt('write', fd, message(capacity), 8), 'EAGAIN');
  const refused = triggered(() => produce('8 99'));
  assert.equal(refused, 'EAGAIN');
  const buffer = Buffer.alloc(8);
  const read = Array.from({ length: capacity }, () => {
    assert.equal(attempt('read', fd, buffer, 8), 8);
    return Number(buffer.readBigUInt64LE());
  });
  assert.deepEqual(
    read,
    read.map((_, seq) => seq),
    'what was there stays, and its order',
  );
  assert.equal(attempt('read', fd, buffer, 8), 'EAGAIN', 'the reader is told of nothing');
  finding({
    about: 'loss notice',
    mechanism: 'chardev',
    subject: 'message put in the queue',
    direction: 'k2u',
    sender: refused,
    receiver: 'nothing',
    says: `the queue holds ${read.length}: the newest is refused`,
  });
  finding({
    about: 'guarantee',
    mechanism: 'chardev',
    subject: 'k2u',
    loses: 'when full',
    condition: 'the kernel does not wait for room',
    says: `a full queue is ${refused} to the sender; what is in it comes whole and in order`,
  });
});

test('of the messages of several writers that wait for room the kernel gets each one once', async (t) => {
  const fd = openDevice(t);
  resetStamps('chardev', 'received');
  const numbers = Array.from({ length: 4 * capacity }, (_, seq) => seq);
  const writers = [0, 1].map(async (first) => {
    for (const seq of numbers)
      if (seq % 2 === first) assert.equal(await attemptAsync('write', fd, message(seq, 64), 64), 64);
  });
  // Each has more than there is room for.
  await untilBlocked('write', fd);
  const [buffer, read] = [Buffer.alloc(64), [] as number[]];
  for (const _ of numbers) {
    assert.equal(await attemptAsync('read', fd, buffer, 64), 64);
    const seq = Number(buffer.readBigUInt64LE());
    assert.ok(buffer.equals(message(seq, 64)));
    read.push(seq);
  }
  await Promise.all(writers);
  assert.deepEqual(stamped('received').map(Number), read, 'in the order in which the kernel took them');
  assert.deepEqual(
    read.sort((a, b) => a - b),
    numbers,
  );
  finding({
    about: 'guarantee',
    mechanism: 'chardev',
    subject: 'u2k',
    loses: 'never',
    condition: 'write has returned the size',
    says: 'a full queue makes a writer wait, or is EAGAIN with O_NONBLOCK',
  });
});

test('a reader that waits gets the next message, whoever sends it', async (t) => {
  const fd = openDevice(t);
  const buffer = Buffer.alloc(8);
  for (const [seq, send] of [
    [7n, () => assert.equal(attempt('write', fd, message(7), 8), 8)],
    [8n, () => produce('8 8')],
  ] as const) {
    const read = attemptAsync('read', fd, buffer, 8);
    await untilBlocked('read', fd);
    send();
    assert.equal(await read, 8);
    assert.equal(buffer.readBigUInt64LE(), seq);
  }
});

test('a writer that waits goes on when a reader has made room', async (t) => {
  const fd = openDevice(t);
  for (let seq = 0; seq < capacity; seq++) assert.equal(attempt('write', fd, message(seq), 8), 8);
  const write = attemptAsync('write', fd, message(capacity), 8);
  await untilBlocked('write', fd);
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 8);
  assert.equal(await write, 8);
});

test('a reader that is killed while it waits leaves the next message to another one', async (t) => {
  // Held open, so that the device stays as it is when the peer's end has closed it.
  const fd = openDevice(t, O_NONBLOCK);
  const { peer, fd: theirs } = await startPeer(t);
  produce('8 1');
  assert.equal(await peer.attempt('read', theirs, Buffer.alloc(8), 8), 8);
  await peer.killIn('read', theirs, Buffer.alloc(8), 8);
  const sent = Array.from({ length: capacity + 1 }, (_, seq) => triggered(() => produce(`8 ${seq + 2}`)));
  assert.deepEqual(sent.slice(0, capacity), Array(capacity).fill('taken'));
  assert.equal(sent[capacity], 'EAGAIN');
  const buffer = Buffer.alloc(8);
  assert.equal(attempt('read', fd, buffer, 8), 8);
  assert.equal(buffer.readBigUInt64LE(), 2n, 'nothing of it went to the dead');
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'blocked in read',
    direction: 'k2u',
    of: 'reader',
    survivor: `nothing; ${sent[capacity]} when the queue is full`,
    says: 'messages wait for another reader while anybody has the device open',
  });
});

test('what a reader has not read is gone when it is killed, and nobody else has the device open', async (t) => {
  const { peer, fd: theirs } = await startPeer(t);
  for (const seq of [1, 2, 3]) produce(`8 ${seq}`);
  assert.equal(await peer.attempt('read', theirs, Buffer.alloc(8), 8), 8);
  await peer.stop();
  const sent = triggered(() => produce('8 4'));
  assert.equal(sent, 'taken');
  const fd = openDevice(t, O_NONBLOCK);
  const buffer = Buffer.alloc(8);
  assert.equal(attempt('read', fd, buffer, 8), 8);
  assert.equal(buffer.readBigUInt64LE(), 4n, 'two messages are gone, the next one is not');
  assert.equal(attempt('read', fd, buffer, 8), 'EAGAIN');
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'the last to have it open',
    direction: 'k2u',
    of: 'reader',
    survivor: 'nothing',
    says: 'what it had not read is dropped; the kernel sends on to whoever opens next',
  });
});

test('of a message whose writer is killed while it waits for room nothing is left', async (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  const { peer, fd: theirs } = await startPeer(t);
  resetStamps('chardev', 'received');
  for (let seq = 0; seq < capacity; seq++)
    assert.equal(await peer.attempt('write', theirs, message(seq), 8), 8);
  await peer.killIn('write', theirs, message(capacity), 8);
  const buffer = Buffer.alloc(8);
  for (let seq = 0; seq < capacity; seq++) {
    assert.equal(attempt('read', fd, buffer, 8), 8);
    assert.equal(Number(buffer.readBigUInt64LE()), seq, 'what it had written before is there');
  }
  const next = attempt('read', fd, buffer, 8);
  assert.equal(next, 'EAGAIN');
  assert.equal(stamped('received').length, capacity);
  finding({
    about: 'death',
    mechanism: 'chardev',
    subject: 'blocked in write',
    direction: 'u2k',
    of: 'writer',
    survivor: 'nothing',
    says: `its earlier messages, all whole, then ${next}`,
  });
});

test('poll tells when there is a message, and when there is room', async (t) => {
  const fd = openDevice(t);
  assert.deepEqual(poll(fd), ['out']);
  const waiting = pollAsync(fd, ['in'], 10_000);
  await untilBlocked('poll');
  produce('8 0');
  assert.deepEqual(await waiting, ['in'], 'a poll that waits is woken');
  assert.deepEqual(poll(fd), ['in', 'out']);
  for (let seq = 1; seq < capacity; seq++) produce(`8 ${seq}`);
  assert.deepEqual(poll(fd), ['in']);
});

test('a reader that waits in poll or in epoll_wait is woken by a message', async (t) => {
  const fd = openDevice(t);
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
  produce('8 0');
  assert.deepEqual(await polling, ['in']);
  assert.equal(await waiting, 1);
  assert.equal(event.readUInt32LE(), in_);
  finding({
    about: 'signalling',
    mechanism: 'chardev',
    subject: 'read, write',
    works: true,
    says: 'woken in poll and in epoll_wait',
  });
});

test('the largest message is the parameter max_message, both ways', (t) => {
  const fd = openDevice(t);
  const written = (bytes: number) =>
    taken(bytes, attempt('write', fd, message(1, Math.max(bytes, 8)), bytes));
  const sent = (bytes: number) => triggered(() => produce(`${bytes} 1`));
  const toKernel = [written(0), written(largest + 1), written(largest)] as const;
  assert.equal(attempt('read', fd, Buffer.alloc(largest), largest), largest);
  const toUser = [sent(0), sent(largest + 1), sent(largest)] as const;
  assert.equal(attempt('read', fd, Buffer.alloc(largest), largest), largest);
  assert.deepEqual(poll(fd), ['out'], 'none of the others came into the queue');
  for (const [way, subject, [empty, refused, whole]] of [
    ['u2k', 'write', toKernel],
    ['k2u', 'message put in the queue', toUser],
  ] as const) {
    assert.deepEqual([empty, refused, whole], ['EINVAL', 'EMSGSIZE', 'taken']);
    boundaries(
      { mechanism: 'chardev', direction: way, subject },
      {
        empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
        largest: { bytes: largest, result: whole, says: "in one call; the module's max_message" },
        'one more': { bytes: largest + 1, result: refused, says: 'nothing of it is in the queue' },
      },
    );
  }
  const [, refused] = toKernel;
  finding({
    about: 'transfer limit',
    mechanism: 'chardev',
    subject: 'read, write',
    bytes: largest,
    says: `the module's max_message, then ${refused}`,
  });
});

test('a longer message goes in as it is, an old reader is refused it, a new reader takes an old one', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('write', fd, message(1, 72), 72), 72);
  finding({
    about: 'extensibility',
    mechanism: 'chardev',
    subject: 'write, newer sender',
    outcome: 'works',
    says: 'the queue takes any size',
  });

  const refused = attempt('read', fd, Buffer.alloc(64), 64);
  assert.equal(refused, 'EMSGSIZE');
  assert.equal(attempt('read', fd, Buffer.alloc(72), 72), 72, 'it stays for one that has room');
  finding({
    about: 'extensibility',
    mechanism: 'chardev',
    subject: 'read, old reader',
    outcome: 'refused',
    says: `${refused}, and the message stays`,
  });

  produce('64 2');
  assert.equal(attempt('read', fd, Buffer.alloc(72), 72), 64);
  finding({
    about: 'extensibility',
    mechanism: 'chardev',
    subject: 'read, newer reader',
    outcome: 'works',
    says: 'read returns the size of the message',
  });
});

test('a 32-bit program exchanges messages with a 64-bit one and with the kernel', async (t) => {
  const fd = openDevice(t);
  const { peer, fd: theirs } = await startPeer(t);
  const buffer = Buffer.alloc(64);

  assert.equal(await peer.attempt('write', theirs, message(1, 64), 64), 64);
  assert.equal(attempt('read', fd, buffer, 64), 64);
  assert.ok(buffer.equals(message(1, 64)));
  assert.equal(attempt('write', fd, message(2, 64), 64), 64);
  assert.equal(await peer.attempt('read', theirs, buffer, 64), 64);
  assert.ok(buffer.equals(message(2, 64)));
  produce('64 3');
  assert.equal(await peer.attempt('read', theirs, buffer, 64), 64);
  assert.equal(buffer.readBigUInt64LE(), 3n);
  finding({
    about: 'portability',
    mechanism: 'chardev',
    subject: 'read, write',
    outcome: 'works',
    says: 'same bytes',
  });

  // struct { uint64_t number; long value; } has no padding on i386, and a long of four bytes.
  const [narrow, wide] = [12, 16];
  assert.equal(await peer.attempt('write', theirs, message(4, narrow), narrow), narrow);
  const got = attempt('read', fd, buffer, wide);
  assert.equal(got, narrow);
  finding({
    about: 'portability',
    mechanism: 'chardev',
    subject: 'a structure with a long',
    outcome: 'breaks',
    says: `a 64-bit reader of ${wide} bytes gets ${got}`,
  });
});

test('write returns when the kernel has the message: it waits as long as there is no room', async (t) => {
  const fd = openDevice(t);
  for (let seq = 0; seq < capacity; seq++) assert.equal(attempt('write', fd, message(seq), 8), 8);
  resetStamps('chardev', 'received');
  const writing = attemptAsync('write', fd, message(capacity), 8);
  await untilBlocked('write', fd);
  assert.deepEqual(stamped('received'), [], 'the kernel does not have it, and write has not returned');
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 8);
  assert.equal(await writing, 8);
  assert.deepEqual(stamped('received'), [BigInt(capacity)]);
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'u2k',
    subject: 'write',
    returns: 'after',
    says: 'the module copies the message inside the call, and waits there for room',
  });
});

test('write with O_NONBLOCK returns after the kernel has the message, or refuses to send', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  resetStamps('chardev', 'received');
  const numbers = Array.from({ length: capacity }, (_, seq) => seq);
  for (const seq of numbers) {
    assert.equal(attempt('write', fd, message(seq), 8), 8);
    assert.equal(stamped('received').at(-1), BigInt(seq), 'there on return');
  }
  const refused = attempt('write', fd, message(capacity), 8);
  assert.equal(refused, 'EAGAIN');
  assert.deepEqual(stamped('received'), numbers.map(BigInt));
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'u2k',
    subject: 'write, O_NONBLOCK',
    returns: 'after',
    says: `no room: ${refused}; else the message is there on return`,
  });
});

test('the kernel queues a message without waiting for a reader', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  resetStamps('chardev', 'sent');
  produce('8 5');
  assert.deepEqual(stamped('sent'), [5n], 'sent, and nobody has read');
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 8);
  finding({
    about: 'synchrony',
    mechanism: 'chardev',
    direction: 'k2u',
    subject: 'message put in the queue',
    returns: 'before',
    says: 'it waits in the module until somebody reads',
  });
});

test('a message has room for its number', (t) => {
  const fd = openDevice(t);
  for (const bytes of [1, 7])
    assert.equal(attempt('write', fd, message(1), bytes), 'EINVAL', `${bytes} bytes`);
  assert.deepEqual(poll(fd), ['out'], 'none of them was taken');
});

test('a read with too little room is EMSGSIZE, and the message stays', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('write', fd, message(1, 64), 64), 64);
  assert.equal(attempt('read', fd, Buffer.alloc(64), 63), 'EMSGSIZE');
  assert.equal(attempt('read', fd, Buffer.alloc(64), 64), 64);
});

for (const [what, address] of Object.entries(nowhere)) {
  test(`${what} is EFAULT both ways, and loses nothing`, (t) => {
    const fd = openDevice(t, O_NONBLOCK);
    assert.equal(attempt('write', fd, address, 8), 'EFAULT');
    assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 'EAGAIN', 'nothing was written');
    assert.equal(attempt('write', fd, message(1), 8), 8);
    assert.equal(attempt('read', fd, address, 8), 'EFAULT');
    assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 8, 'the message is still there');
  });
}

test('what nobody read is gone when the last opener closes', (t) => {
  const first = attempt('open', device, O_RDWR);
  assert.equal(attempt('write', Number(first), message(1), 8), 8);
  assert.equal(attempt('close', Number(first)), 0);
  assert.equal(attempt('read', openDevice(t, O_NONBLOCK), Buffer.alloc(8), 8), 'EAGAIN');
});

test('a case that the device refuses ends with the reason, and so does its reader that waits', async () => {
  const tooLarge = { mechanism: 'chardev', direction: 'k2u', bytes: largest + 1, kernel: 'chardev' } as const;
  for (const variant of ['direct', 'blocking'])
    await assert.rejects(sample({ ...tooLarge, variant }), { code: 'EMSGSIZE', syscall: 'write' });
});

test('a case that moves wrong bytes fails', async (t) => {
  const fd = openDevice(t);
  const direct = { mechanism: 'chardev', direction: 'k2u', variant: 'direct', bytes: 64 } as const;
  // Left by somebody else: first a wrong number, then the right number over a body that does not match its checksum.
  for (const [seq, reason] of [
    [99, 'sequence number'],
    [0, 'checksum'],
  ] as const) {
    while (poll(fd, ['in']).length > 0) assert.equal(attempt('read', fd, Buffer.alloc(64), 64), 64);
    assert.equal(attempt('write', fd, message(seq, 64), 64), 64);
    await assert.rejects(sample(direct), { code: 'EBADMSG', syscall: reason });
  }
});

test('there is no position to seek to', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('lseek', fd, 0, 0), 'ESPIPE');
  assert.equal(attempt('pread64', fd, Buffer.alloc(8), 8, 0), 'ESPIPE');
});

test('the trigger tells its words and takes no others', (t) => {
  openDevice(t);
  assert.equal(readFileSync(debugfs('chardev', 'produce'), 'latin1'), 'BYTES SEQ [keep]\n');
  for (const order of [
    'go',
    '8',
    '8 ',
    '-8 1',
    '7 1',
    '8 1 1',
    '8 1 keep keep',
    `8 ${2n ** 64n}`,
    '9'.repeat(40),
  ])
    assert.throws(() => produce(order), { code: 'EINVAL' }, order);
  assert.throws(() => produce(`${largest + 1} 1`), { code: 'EMSGSIZE' });
});

test('each side that the kernel has is stamped once, by sequence number', (t) => {
  const fd = openDevice(t);
  resetStamps('chardev', 'received');
  resetStamps('chardev', 'sent');
  assert.equal(attempt('write', fd, message(41), 8), 8);
  produce('64 42');
  for (const [side, seq] of [
    ['received', 41n],
    ['sent', 42n],
  ] as const) {
    const [number, start = 0n, end = 0n, ...more] = kernelSide('chardev', side).stamps;
    assert.equal(number, seq);
    assert.ok(start < end, `${start} < ${end}`);
    assert.deepEqual(more, []);
  }
  assert.throws(() => writeFileSync(debugfs('chardev', 'sent'), 'erase'), { code: 'EINVAL' });
});

test('the module cannot be unloaded while the device is open', (t) => {
  openDevice(t);
  assert.throws(() => unloadModule('chardev'), { code: 'EAGAIN', syscall: 'delete_module' });
  assert.ok(moduleLoaded('chardev'));
});

test('the module cannot be unloaded while a reader or a writer waits in it, who then goes on', async (t) => {
  const fd = openDevice(t);
  const buffer = Buffer.alloc(8);
  const reading = attemptAsync('read', fd, buffer, 8);
  await untilBlocked('read', fd);
  const toReader = unloading('chardev');
  assert.equal(toReader, 'refused: EAGAIN');
  produce('8 1');
  assert.equal(await reading, 8);

  for (let seq = 0; seq < capacity; seq++) assert.equal(attempt('write', fd, message(seq), 8), 8);
  const writing = attemptAsync('write', fd, message(capacity), 8);
  await untilBlocked('write', fd);
  const toWriter = unloading('chardev');
  assert.equal(toWriter, 'refused: EAGAIN');
  assert.equal(attempt('read', fd, buffer, 8), 8);
  assert.equal(await writing, 8);
  for (const [direction, subject, survivor] of [
    ['k2u', 'blocked in read', toReader],
    ['u2k', 'blocked in write', toWriter],
  ] as const)
    finding({
      about: 'death',
      mechanism: 'chardev',
      subject,
      direction,
      of: 'module',
      survivor,
      says: 'the open file holds the module',
    });
});

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('chardev');
  unloadModule('chardev');
  t.after(() => loadModule(path));
  for (const parameter of ['capacity=0', 'max_message=7', 'capacity=65537 max_message=1024', 'stamps=0'])
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => {
        const [first = ''] = parameter.split(' ');
        return error.code === 'EINVAL' && error.message.includes(first);
      },
    );
});

test('parameters set the limits', (t) => {
  const path = modulePath('chardev');
  unloadModule('chardev');
  loadModule(path, 'capacity=2 max_message=64');
  t.after(() => {
    unloadModule('chardev');
    loadModule(path);
  });
  const fd = attempt('open', device, O_RDWR | O_NONBLOCK);
  assert.equal(attempt('write', Number(fd), message(1, 65), 65), 'EMSGSIZE');
  assert.equal(attempt('write', Number(fd), message(1, 64), 64), 64);
  assert.equal(attempt('write', Number(fd), message(2, 64), 64), 64);
  assert.equal(attempt('write', Number(fd), message(3, 64), 64), 'EAGAIN');
  assert.equal(attempt('close', Number(fd)), 0);
});

comesAndGoes('chardev', () => {
  produce('8 1');
  const fd = Number(attempt('open', device, O_RDWR | O_NONBLOCK));
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 8);
  assert.equal(attempt('close', fd), 0);
});
