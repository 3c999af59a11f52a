// Commands of a device: messages as arguments of ioctl(2) on /dev/ringcross-ioctl of kmod/ioctl.
import assert from 'node:assert/strict';
import { constants, readFileSync, writeFileSync } from 'node:fs';
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
  moduleLoaded,
  modulePath,
  type Needs,
  nowhere,
  poll,
  resetStamps,
  startPeer32,
  unloadModule,
  until,
  untilBlocked,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'], modules: ['ioctl'] } satisfies Needs;

// The number of a command has 14 bits for the size of its argument.
const largestSized = 2 ** 14 - 1;
const sized = [8, 64, 416, 1024, 4096, largestSized];
const largest = 65536;

// The argument itself is the message, which has eight bytes. The kernel's receiving is inside the call.
measure({ mechanism: 'ioctl', direction: 'u2k', variant: 'none', sizes: [8], kernel: 'ioctl' });

// The argument points to the message: one copy out of user space.
measure({ mechanism: 'ioctl', direction: 'u2k', variant: 'write', sizes: sized, kernel: 'ioctl' });

// One call moves a message each way: the user's window holds both copies, the kernel's only the first.
measure({ mechanism: 'ioctl', direction: 'u2k', variant: 'both', sizes: sized, kernel: 'ioctl' });

// The argument points to a descriptor, which points to a message of any size: two copies out of user space.
measure({
  mechanism: 'ioctl',
  direction: 'u2k',
  variant: 'indirect',
  sizes: [...sized.slice(0, -1), 16384, largest],
  kernel: 'ioctl',
});

// The message is in place when the call comes, so that the kernel sends inside the call: from entry of the handler to
// the end of the copy to user space.
measure({ mechanism: 'ioctl', direction: 'k2u', variant: 'read', sizes: sized, kernel: 'ioctl' });
measure({
  mechanism: 'ioctl',
  direction: 'k2u',
  variant: 'indirect',
  sizes: [...sized.slice(0, -1), 16384, largest],
  kernel: 'ioctl',
});

// A call that waits in the kernel for the message: here the trigger sends, and the transit has the wake-up and the switch.
measure({ mechanism: 'ioctl', direction: 'k2u', variant: 'blocking', sizes: sized, kernel: 'ioctl' });

const device = '/dev/ringcross-ioctl';
const { O_NONBLOCK, O_RDWR } = constants;

/** include/uapi/asm-generic/ioctl.h: two bits of direction, fourteen of size, eight of type, eight of sequence number. */
const number = (direction: number, sequence: number, bytes: number, type = 0xdf): number =>
  ((direction << 30) | (bytes << 16) | (type << 8) | sequence) >>> 0;
const [in_, out, both] = [1, 2, 3];
const none = number(0, 0, 0);
const write = (bytes: number): number => number(in_, 1, bytes);
const read = (bytes: number): number => number(out, 2, bytes);
const exchange = (bytes: number): number => number(both, 3, bytes);
const descriptorBytes = 16;
const writeIndirect = number(in_, 4, descriptorBytes);
const readIndirect = number(in_, 5, descriptorBytes);
const writeNative = number(in_, 6, descriptorBytes);

/** The device, closed when the test ends: the last to close it empties it. */
const openDevice = (t: TestContext, flags = 0): number => {
  const fd = attempt('open', device, O_RDWR | flags);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  t.after(() => assert.equal(attempt('close', fd), 0));
  resetStamps('ioctl', 'received');
  resetStamps('ioctl', 'sent');
  return fd;
};

const startPeer = async (t: TestContext) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const fd = await peer.attempt('open', device, O_RDWR);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  return { peer, fd };
};

/** A message: its sequence number, then its bytes, counted up. */
const message = (seq: number | bigint, bytes = 8): Buffer => {
  const bytesOf = Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));
  bytesOf.writeBigUInt64LE(BigInt(seq));
  return bytesOf;
};

/** Memory of this process, of pages with this protection, by address: for pointers inside of structures. */
const place = (t: TestContext, bytes: number, protection = PROT_READ | PROT_WRITE): bigint => {
  const address = attempt('mmap', 0, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert.ok(typeof address === 'number', `mmap: ${address}`);
  t.after(() => assert.equal(attempt('munmap', address, bytes), 0));
  return BigInt(address);
};
const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_PRIVATE, MAP_ANONYMOUS] = [2, 0x20];

const produce = (order: string): void => writeFileSync(debugfs('ioctl', 'produce'), order);

/** Makes the handlers wait before they receive, until what it returns is called; a test's end calls it, too. */
const hold = (t: TestContext): (() => void) => {
  const release = holdReceiver('ioctl');
  t.after(release);
  return release;
};

/** Sequence numbers that the module has stamped, in order. */
const stamped = (side: 'sent' | 'received'): bigint[] =>
  [...kernelSide('ioctl', side).stamps].filter((_, index) => index % 3 === 0);

test('a command without an argument structure carries eight bytes', (t) => {
  const fd = openDevice(t);
  for (const argument of [0n, 7n, 2n ** 64n - 1n])
    assert.equal(attempt('ioctl', fd, none, argument), 0, `${argument}`);
  assert.deepEqual(stamped('received'), [0n, 7n, 2n ** 64n - 1n]);
});

test('_IOW carries a message in, _IOR one out, _IOWR one each way', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('ioctl', fd, write(64), message(1, 64)), 0);
  assert.deepEqual(stamped('received'), [1n]);

  produce('64 2');
  const buffer = Buffer.alloc(64);
  assert.equal(attempt('ioctl', fd, read(64), buffer), 64);
  assert.equal(buffer.readBigUInt64LE(), 2n);
  assert.deepEqual(stamped('sent'), [2n]);

  const exchanged = message(3, 64);
  assert.equal(attempt('ioctl', fd, exchange(64), exchanged), 0);
  assert.deepEqual(stamped('received'), [1n, 3n]);
  assert.ok(exchanged.equals(message(2n ** 64n - 1n - 3n, 64)), 'the answer has the number inverted');
});

test('a number is direction, size, type and sequence number: one that differs in any is ENOTTY', (t) => {
  const fd = openDevice(t);
  const known = number(in_, 4, descriptorBytes);
  assert.equal(attempt('ioctl', fd, known, 0n), 'EFAULT', 'the right one gets as far as its pointer');
  const wrong = {
    direction: number(out, 4, descriptorBytes),
    'no direction': number(0, 4, descriptorBytes),
    'a shorter structure': number(in_, 4, descriptorBytes - 8),
    'a longer structure': number(in_, 4, descriptorBytes + 8),
    type: number(in_, 4, descriptorBytes, 0xde),
    'sequence number': number(in_, 7, descriptorBytes),
  };
  for (const [what, command] of Object.entries(wrong))
    assert.equal(attempt('ioctl', fd, command, message(1, 64)), 'ENOTTY', what);
  for (const command of [write(0), write(7), read(7), exchange(0), number(0, 0, 8), number(in_, 0, 0)])
    assert.equal(attempt('ioctl', fd, command, message(1, 64)), 'ENOTTY', `0x${command.toString(16)}`);
  assert.deepEqual(stamped('received'), []);
});

test('a command for another device is refused by its type, here and there', (t) => {
  const fd = openDevice(t);
  const [TCGETS, FIONREAD] = [0x5401, 0x541b];
  for (const command of [TCGETS, FIONREAD])
    assert.equal(attempt('ioctl', fd, command, Buffer.alloc(64)), 'ENOTTY');
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, 0), 0);
  const others = [attempt('open', '/dev/null', O_RDWR), attempt('open', '/proc/self/stat', 0), ...ends];
  for (const other of others) {
    assert.equal(attempt('ioctl', other, write(64), message(1, 64)), 'ENOTTY');
    assert.equal(attempt('close', other), 0);
  }
  assert.deepEqual(stamped('received'), []);
});

test('a number that the VFS knows does not reach the device', (t) => {
  const fd = openDevice(t);
  const [FIONCLEX, FIOCLEX] = [0x5450, 0x5451];
  assert.equal(attempt('ioctl', fd, FIOCLEX, 0), 0);
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'), /^flags:\s+02\d{6}$/m, 'close on exec');
  assert.equal(attempt('ioctl', fd, FIONCLEX, 0), 0);
  assert.deepEqual(stamped('received'), []);
});

for (const [what, address] of Object.entries(nowhere)) {
  test(`${what} is EFAULT both ways, and loses nothing`, (t) => {
    const fd = openDevice(t, O_NONBLOCK);
    const described = (command: number) =>
      attempt('ioctl', fd, command, BigUint64Array.of(address, BigInt(largest)));
    for (const command of [write(8), exchange(8), writeIndirect, writeNative])
      assert.equal(attempt('ioctl', fd, command, address), 'EFAULT', `0x${command.toString(16)}`);
    for (const command of [writeIndirect, writeNative])
      assert.equal(described(command), 'EFAULT', `0x${command.toString(16)}`);
    assert.deepEqual(stamped('received'), []);

    produce('8 5');
    for (const command of [read(8), readIndirect])
      assert.equal(attempt('ioctl', fd, command, address), 'EFAULT', `0x${command.toString(16)}`);
    assert.equal(described(readIndirect), 'EFAULT');
    assert.equal(attempt('ioctl', fd, read(8), Buffer.alloc(8)), 8, 'the message is still there');
  });
}

test('an answer that finds no place is EFAULT, and the message has been received', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('ioctl', fd, exchange(64), place(t, 4096, PROT_READ)), 'EFAULT');
  assert.deepEqual(stamped('received'), [0n]);
});

test('a descriptor names a message that has room for its number and is no larger than the device takes', (t) => {
  const fd = openDevice(t);
  const address = place(t, 2 * largest);
  const send = (command: number, bytes: bigint) =>
    attempt('ioctl', fd, command, BigUint64Array.of(address, bytes));
  for (const command of [writeIndirect, writeNative]) {
    for (const bytes of [0n, 7n]) assert.equal(send(command, bytes), 'EINVAL', `${bytes} bytes`);
    for (const bytes of [BigInt(largest) + 1n, 2n ** 32n, 2n ** 64n - 1n])
      assert.equal(send(command, bytes), 'EMSGSIZE', `${bytes} bytes`);
  }
  assert.deepEqual(stamped('received'), []);
});

test('without a message a command that will not wait is EAGAIN', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  assert.equal(attempt('ioctl', fd, read(8), Buffer.alloc(8)), 'EAGAIN');
  assert.equal(attempt('ioctl', fd, readIndirect, BigUint64Array.of(place(t, 4096), 8n)), 'EAGAIN');
});

test('the next message is put in place when the last one has been fetched', (t) => {
  const fd = openDevice(t);
  produce('8 1');
  const refused = triggered(() => produce('8 2'));
  assert.equal(refused, 'EAGAIN');
  assert.equal(attempt('ioctl', fd, read(8), Buffer.alloc(8)), 8);
  produce('8 3');
  assert.equal(attempt('ioctl', fd, read(8), Buffer.alloc(8)), 8);
  assert.deepEqual(stamped('sent'), [1n, 3n]);
  finding({
    about: 'loss notice',
    mechanism: 'ioctl',
    subject: 'message put in place',
    direction: 'k2u',
    sender: refused,
    receiver: 'nothing',
    says: 'the place holds one: the newest is refused',
  });
  finding({
    about: 'guarantee',
    mechanism: 'ioctl',
    subject: 'k2u',
    loses: 'when full',
    condition: 'one message fits, and the kernel does not wait',
    says: `a message that nobody has fetched is ${refused} to the sender of the next`,
  });
});

test('of the messages of several programs the kernel gets each one once', async (t) => {
  const fds = [openDevice(t), openDevice(t)];
  const rounds = Array.from({ length: 100 }, (_, round) => round);
  for (const round of rounds) {
    const done = await Promise.all(
      fds.map((fd, index) => attemptAsync('ioctl', fd, write(64), message(2 * round + index, 64))),
    );
    assert.deepEqual(done, [0, 0]);
  }
  const got = stamped('received').map(Number);
  assert.deepEqual(
    got.sort((a, b) => a - b),
    rounds.flatMap((round) => [2 * round, 2 * round + 1]),
  );
  finding({
    about: 'guarantee',
    mechanism: 'ioctl',
    subject: 'u2k',
    loses: 'never',
    condition: 'ioctl has returned 0',
    says: 'the module has taken the message within the call',
  });
});

test('a command that waits gets the next message, which is stamped once', async (t) => {
  const fd = openDevice(t);
  const buffer = Buffer.alloc(8);
  const waiting = attemptAsync('ioctl', fd, read(8), buffer);
  await untilBlocked('ioctl', fd);
  produce('8 7');
  assert.equal(await waiting, 8);
  assert.equal(buffer.readBigUInt64LE(), 7n);
  assert.deepEqual(stamped('sent'), [7n]);
});

test('of several that wait, each message goes to one', async (t) => {
  const fd = openDevice(t);
  const buffers = Array.from({ length: 4 }, () => Buffer.alloc(8));
  const waiting = buffers.map((buffer) => attemptAsync('ioctl', fd, read(8), buffer));
  await untilBlocked('ioctl', fd);
  const numbers = buffers.map((_, seq) => seq + 1);
  for (const seq of numbers) {
    await until(`message ${seq} is put in place`, () => {
      try {
        produce(`8 ${seq}`);
        return true;
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
        return false;
      }
    });
  }
  assert.deepEqual(
    await Promise.all(waiting),
    numbers.map(() => 8),
  );
  const got = buffers.map((buffer) => Number(buffer.readBigUInt64LE())).sort();
  assert.deepEqual(got, numbers);
  assert.deepEqual(stamped('sent').map(Number).sort(), numbers);
});

test('a program that is killed while it waits leaves the next message to another one', async (t) => {
  const own = openDevice(t, O_NONBLOCK);
  const { peer, fd } = await startPeer(t);
  produce('8 1');
  assert.equal(await peer.attempt('ioctl', fd, read(8), Buffer.alloc(8)), 8);
  await peer.killIn('ioctl', fd, read(8), Buffer.alloc(8));
  const sent = [2, 3].map((seq) => triggered(() => produce(`8 ${seq}`)));
  assert.deepEqual(sent, ['taken', 'EAGAIN']);
  const buffer = Buffer.alloc(8);
  assert.equal(attempt('ioctl', own, read(8), buffer), 8);
  assert.equal(buffer.readBigUInt64LE(), 2n, 'it did not go to the dead');
  finding({
    about: 'death',
    mechanism: 'ioctl',
    subject: 'blocked in ioctl, READ',
    direction: 'k2u',
    of: 'reader',
    survivor: `nothing; ${sent[1]} for the message after the next`,
    says: 'the next message waits for another reader while anybody has the device open',
  });
});

for (const [what, send] of [
  ['WRITE', write(64)],
  ['WRITE and READ', exchange(64)],
] as const)
  test(`of a message whose sender is killed in its call nothing is left, ${what}`, async (t) => {
    const own = openDevice(t);
    const { peer, fd } = await startPeer(t);
    const release = hold(t);
    await peer.killIn('ioctl', fd, send, message(1, 64));
    release();
    assert.deepEqual(stamped('received'), []);
    assert.equal(attempt('ioctl', own, send, message(2, 64)), 0);
    assert.deepEqual(stamped('received'), [2n], 'the next sender finds nothing in its way');
    finding({
      about: 'death',
      mechanism: 'ioctl',
      subject: `blocked in ioctl, ${what}`,
      direction: 'u2k',
      of: 'writer',
      survivor: 'nothing',
      says: 'no part of it has been copied',
    });
  });

test('what nobody fetched is gone when the last opener closes', (t) => {
  const first = attempt('open', device, O_RDWR);
  produce('8 1');
  assert.equal(attempt('close', first), 0);
  assert.equal(attempt('ioctl', openDevice(t, O_NONBLOCK), read(8), Buffer.alloc(8)), 'EAGAIN');
});

test('there is nothing to read, to write or to map', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('read', fd, Buffer.alloc(8), 8), 'EINVAL');
  assert.equal(attempt('write', fd, message(1), 8), 'EINVAL');
  const MAP_SHARED = 1;
  assert.equal(attempt('mmap', 0, 4096, PROT_READ, MAP_SHARED, fd, 0), 'ENODEV');
  assert.equal(attempt('lseek', fd, 0, 0), 'ESPIPE');
});

test('poll does not tell of a message: it answers at once, and epoll does not take the device', (t) => {
  const fd = openDevice(t);
  assert.deepEqual(poll(fd), ['in', 'out'], 'without a message');
  produce('8 1');
  assert.deepEqual(poll(fd), ['in', 'out'], 'with one');
  const epoll = attempt('epoll_create1', 0);
  t.after(() => assert.equal(attempt('close', epoll), 0));
  const [add, event] = [1, Buffer.alloc(12)];
  assert.equal(attempt('epoll_ctl', epoll, add, fd, event), 'EPERM');
  finding({
    about: 'signalling',
    mechanism: 'ioctl',
    subject: 'ioctl',
    works: false,
    says: 'poll answers at once, epoll_ctl is EPERM; a command can wait in the kernel',
  });
});

test('the size of an argument has 14 bits: one byte more is the number of another command', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('ioctl', fd, write(largestSized), message(1, largestSized)), 0);
  const beyond = number(in_, 1, largestSized + 1);
  assert.equal(beyond, write(0), 'the fifteenth bit is one of the direction');
  const refused = attempt('ioctl', fd, beyond, message(2, largestSized + 1));
  assert.equal(refused, 'ENOTTY');
  const empty = attempt('ioctl', fd, write(0), message(3, 8));
  assert.equal(empty, 'ENOTTY');
  assert.deepEqual(stamped('received'), [1n]);
  boundaries(
    { mechanism: 'ioctl', direction: 'u2k', subject: 'ioctl, WRITE' },
    {
      empty: { bytes: 0, result: empty, says: 'no message has the size 0: not a number of the module' },
      largest: { bytes: largestSized, result: 'taken', says: "all 14 bits of the command's number" },
      'one more': { bytes: largestSized + 1, result: refused, says: 'the number of another command' },
    },
  );
  finding({
    about: 'transfer limit',
    mechanism: 'ioctl',
    subject: 'argument',
    bytes: largestSized,
    says: `14 bits of the command's number, then ${refused}`,
  });
});

test('a reader is given as much as its number has room for, and no more', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  const fetch = (bytes: number) => attempt('ioctl', fd, number(out, 2, bytes), Buffer.alloc(bytes));
  produce(`${largestSized} 1`);
  const [empty, more] = [fetch(0), fetch(largestSized + 1)] as const;
  assert.deepEqual([empty, more], ['ENOTTY', 'ENOTTY']);
  const got = fetch(largestSized);
  assert.equal(got, largestSized, 'it has stayed');
  boundaries(
    { mechanism: 'ioctl', direction: 'k2u', subject: 'ioctl, READ' },
    {
      empty: {
        bytes: 0,
        result: taken(0, empty),
        says: 'no message has the size 0: not a number of the module',
      },
      largest: { bytes: largestSized, result: taken(largestSized, got), says: 'all 14 bits of the number' },
      'one more': {
        bytes: largestSized + 1,
        result: taken(largestSized + 1, more),
        says: 'the number of another command; the message stays',
      },
    },
  );
});

test('a message that a descriptor names is as large as the module allows', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  const address = place(t, 2 * largest);
  const call = (command: number, bytes: number) =>
    attempt('ioctl', fd, command, BigUint64Array.of(address, BigInt(bytes)));
  const send = (bytes: number) => {
    const done = call(writeIndirect, bytes);
    return done === 0 ? 'taken' : `${done}`;
  };
  const put = (bytes: number) => triggered(() => produce(`${bytes} 1`));
  const toKernel = [send(0), send(largest), send(largest + 1)] as const;
  const toUser = [put(0), put(largest), put(largest + 1)] as const;
  assert.equal(call(readIndirect, largest), largest);
  assert.equal(call(readIndirect, largest), 'EAGAIN', 'none of the others was put in place');
  for (const [direction, subject, [empty, whole, more]] of [
    ['u2k', 'ioctl, WRITE by a descriptor', toKernel],
    ['k2u', 'ioctl, READ by a descriptor', toUser],
  ] as const) {
    assert.deepEqual([empty, whole, more], ['EINVAL', 'taken', 'EMSGSIZE']);
    boundaries(
      { mechanism: 'ioctl', direction, subject },
      {
        empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
        largest: { bytes: largest, result: whole, says: "in one call; the module's max_message" },
        'one more': { bytes: largest + 1, result: more, says: 'no part of it is taken' },
      },
    );
  }
  const [, , refused] = toKernel;
  finding({
    about: 'transfer limit',
    mechanism: 'ioctl',
    subject: 'descriptor',
    bytes: largest,
    says: `the module's max_message, then ${refused}`,
  });
});

test('a structure with one more field is a command that an old kernel does not know', (t) => {
  const fd = openDevice(t);
  const newer = number(in_, 4, descriptorBytes + 8);
  const answer = attempt('ioctl', fd, newer, BigUint64Array.of(place(t, 4096), 8n, 0n));
  assert.equal(answer, 'ENOTTY');
  finding({
    about: 'extensibility',
    mechanism: 'ioctl',
    subject: 'fixed structure, newer sender',
    outcome: 'refused',
    says: `the size is part of the number: ${answer}`,
  });
});

test('a kernel that takes the size from the number takes a longer message', (t) => {
  const fd = openDevice(t);
  assert.equal(attempt('ioctl', fd, write(64), message(1, 64)), 0);
  assert.equal(attempt('ioctl', fd, write(72), message(2, 72)), 0);
  assert.deepEqual(stamped('received'), [1n, 2n]);
  finding({
    about: 'extensibility',
    mechanism: 'ioctl',
    subject: 'size from the number, newer sender',
    outcome: 'works',
    says: 'the handler is told how many bytes there are',
  });
});

test('an old reader is refused a longer message, a new one takes a shorter', (t) => {
  const fd = openDevice(t);
  produce('72 1');
  const refused = attempt('ioctl', fd, read(64), Buffer.alloc(64));
  assert.equal(refused, 'EMSGSIZE');
  const buffer = Buffer.alloc(72);
  assert.equal(attempt('ioctl', fd, read(72), buffer), 72, 'it stays for one that has room');
  assert.equal(buffer.readBigUInt64LE(), 1n);
  finding({
    about: 'extensibility',
    mechanism: 'ioctl',
    subject: 'old reader, newer kernel',
    outcome: 'refused',
    says: `${refused}, and the message stays`,
  });

  produce('64 2');
  const got = attempt('ioctl', fd, read(72), buffer);
  assert.equal(got, 64);
  finding({
    about: 'extensibility',
    mechanism: 'ioctl',
    subject: 'newer reader, old kernel',
    outcome: 'works',
    says: 'the call returns the size of the message',
  });
});

test('a 32-bit program exchanges messages by pointer, through the same numbers', async (t) => {
  openDevice(t);
  const { peer, fd } = await startPeer(t);
  assert.equal(await peer.attempt('ioctl', fd, write(64), message(1, 64)), 0);
  assert.deepEqual(stamped('received'), [1n]);
  produce('64 2');
  const buffer = Buffer.alloc(64);
  assert.equal(await peer.attempt('ioctl', fd, read(64), buffer), 64);
  assert.equal(buffer.readBigUInt64LE(), 2n);
  const exchanged = message(3, 64);
  assert.equal(await peer.attempt('ioctl', fd, exchange(64), exchanged), 0);
  assert.ok(exchanged.equals(message(2n ** 64n - 1n - 3n, 64)));
  finding({
    about: 'portability',
    mechanism: 'ioctl',
    subject: 'pointer to a message',
    outcome: 'works',
    says: 'compat_ptr_ioctl widens the pointer',
  });
});

test('a descriptor of fixed width is the same to a 32-bit program', async (t) => {
  openDevice(t);
  const { peer, fd } = await startPeer(t);
  const address = await peer.place(message(4, 64));
  assert.equal(await peer.attempt('ioctl', fd, writeIndirect, Uint32Array.of(address, 0, 64, 0)), 0);
  assert.deepEqual(stamped('received'), [4n]);
  produce('64 5');
  assert.equal(await peer.attempt('ioctl', fd, readIndirect, Uint32Array.of(address, 0, 64, 0)), 64);
  assert.equal((await peer.peek(address, 64)).readBigUInt64LE(), 5n);
  finding({
    about: 'portability',
    mechanism: 'ioctl',
    subject: 'descriptor of __u64',
    outcome: 'works',
    says: 'same size, same number',
  });
});

test('a descriptor with a pointer and a long is another command to a 32-bit program', async (t) => {
  const own = openDevice(t);
  const theirs = message(7, 64);
  const address = place(t, 4096);
  assert.equal(attempt('ioctl', own, writeNative, BigUint64Array.of(address, 64n)), 0, '64-bit');

  const { peer, fd } = await startPeer(t);
  resetStamps('ioctl', 'received');
  const narrow = number(in_, 6, 8);
  const answer = await peer.attempt('ioctl', fd, narrow, Uint32Array.of(await peer.place(theirs), 64));
  assert.equal(answer, 'ENOTTY');
  assert.deepEqual(stamped('received'), []);
  finding({
    about: 'portability',
    mechanism: 'ioctl',
    subject: 'descriptor of pointer and long',
    outcome: 'breaks',
    says: `8 bytes instead of 16, so another number: ${answer}`,
  });
});

test('a 32-bit argument is zero-extended: -1 does not arrive as -1', async (t) => {
  const own = openDevice(t);
  const { peer, fd } = await startPeer(t);
  assert.equal(attempt('ioctl', own, none, -1), 0);
  assert.equal(await peer.attempt('ioctl', fd, none, -1), 0);
  const [wide, narrow] = stamped('received');
  assert.equal(wide, 2n ** 64n - 1n);
  assert.equal(narrow, 2n ** 32n - 1n);
  finding({
    about: 'portability',
    mechanism: 'ioctl',
    subject: 'argument as a number',
    outcome: 'breaks',
    says: `32 bits of the 64, zero-extended: -1 arrives as ${narrow}`,
  });
});

test('ioctl returns when the kernel has the message, however long that takes', async (t) => {
  const fd = openDevice(t);
  const release = hold(t);
  const sending = attemptAsync('ioctl', fd, write(64), message(9, 64));
  await untilBlocked('ioctl', fd);
  assert.deepEqual(stamped('received'), [], 'the receiver is held, and so is the sender');
  release();
  assert.equal(await sending, 0);
  assert.deepEqual(stamped('received'), [9n]);
  finding({
    about: 'synchrony',
    mechanism: 'ioctl',
    direction: 'u2k',
    subject: 'ioctl',
    returns: 'after',
    says: 'the handler runs in the caller: it waits as long as the receiver does',
  });
});

test('ioctl with O_NONBLOCK returns after the kernel has the message, or refuses to send', (t) => {
  const fd = openDevice(t, O_NONBLOCK);
  const release = hold(t);
  const refused = attempt('ioctl', fd, write(64), message(9, 64));
  assert.equal(refused, 'EAGAIN');
  assert.deepEqual(stamped('received'), []);
  release();
  assert.equal(attempt('ioctl', fd, write(64), message(10, 64)), 0);
  assert.deepEqual(stamped('received'), [10n]);
  finding({
    about: 'synchrony',
    mechanism: 'ioctl',
    direction: 'u2k',
    subject: 'ioctl, O_NONBLOCK',
    returns: 'after',
    says: `a receiver that is held: ${refused}; else the message is there on return`,
  });
});

test('the kernel puts a message in place without waiting for a reader', (t) => {
  const fd = openDevice(t);
  produce('8 3');
  assert.deepEqual(stamped('sent'), [], 'it is on its way to nobody yet');
  assert.equal(attempt('ioctl', fd, read(8), Buffer.alloc(8)), 8);
  assert.deepEqual(stamped('sent'), [3n]);
  finding({
    about: 'synchrony',
    mechanism: 'ioctl',
    direction: 'k2u',
    subject: 'message put in place',
    returns: 'before',
    says: 'it waits in the module until a command fetches it',
  });
});

test('the module cannot be unloaded while the device is open', (t) => {
  openDevice(t);
  const survivor = unloading('ioctl');
  assert.equal(survivor, 'refused: EAGAIN');
  assert.ok(moduleLoaded('ioctl'));
  finding({
    about: 'death',
    mechanism: 'ioctl',
    subject: 'device open',
    direction: 'u2k',
    of: 'module',
    survivor,
    says: 'the open file holds the module',
  });
});

test('the module cannot be unloaded while a reader waits in it, who then gets its message', async (t) => {
  const fd = openDevice(t);
  const waiting = attemptAsync('ioctl', fd, read(8), Buffer.alloc(8));
  await untilBlocked('ioctl', fd);
  const survivor = unloading('ioctl');
  assert.equal(survivor, 'refused: EAGAIN');
  produce('8 1');
  assert.equal(await waiting, 8);
  finding({
    about: 'death',
    mechanism: 'ioctl',
    subject: 'blocked in ioctl, READ',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'the open file holds the module',
  });
});

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('ioctl');
  unloadModule('ioctl');
  t.after(() => loadModule(path));
  for (const parameter of ['max_message=7', 'max_message=67108865', 'stamps=0'])
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameter),
    );
});

test('the parameter max_message limits every command', (t) => {
  const path = modulePath('ioctl');
  unloadModule('ioctl');
  loadModule(path, 'max_message=64');
  t.after(() => {
    unloadModule('ioctl');
    loadModule(path);
  });
  const fd = attempt('open', device, O_RDWR | O_NONBLOCK);
  assert.equal(attempt('ioctl', fd, write(64), message(1, 64)), 0);
  assert.equal(attempt('ioctl', fd, write(65), message(1, 65)), 'ENOTTY');
  assert.equal(attempt('ioctl', fd, writeIndirect, BigUint64Array.of(0n, 65n)), 'EMSGSIZE');
  assert.throws(() => produce('65 1'), { code: 'EMSGSIZE' });
  assert.equal(attempt('close', fd), 0);
});

comesAndGoes('ioctl', () => {
  produce('64 1');
  const fd = attempt('open', device, O_RDWR | O_NONBLOCK);
  assert.equal(attempt('ioctl', fd, write(64), message(1, 64)), 0);
  assert.equal(attempt('ioctl', fd, read(64), Buffer.alloc(64)), 64);
  assert.equal(attempt('close', fd), 0);
});
