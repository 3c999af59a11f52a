// A POSIX message queue, mq_overview(7): whole messages with priorities, kept by the kernel under a name. No module.
import assert from 'node:assert/strict';
import { constants, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  finding,
  measure,
  type Needs,
  nowhere,
  poll,
  pollAsync,
  sizes,
  startPeer32,
  syscall,
  tickUnit,
  untilBlocked,
  withoutCapability,
} from 'ringcross/guest';
import { message, numberOrError } from './checked-message.ts';
import { offer } from './open-loop.ts';

export const needs = {
  config: ['CONFIG_POSIX_MQUEUE', 'CONFIG_POSIX_MQUEUE_SYSCTL', 'CONFIG_IA32_EMULATION'],
} satisfies Needs;

const mechanism = 'mqueue';

// How long the sender's call and the receiver's take when each finds what it wants at once.
measure({ mechanism, direction: 'u2u', variant: 'alternating', sizes });

// From the start of the send to the end of a receive that was already waiting: the wake-up and the switch included.
measure({ mechanism, direction: 'u2u', variant: 'blocking', sizes });

// From the start of the send to the end of the wait for it: signalling alone, the receive comes afterwards.
measure({ mechanism, direction: 'u2u', variant: 'poll', sizes });

// As `alternating`, while seven messages of seven lower priorities stay in the queue: what the order costs.
measure({ mechanism, direction: 'u2u', variant: 'priority', sizes });

// As the survey took its Table 1: messages without a wait between them, one window around all. It sent a million;
// where a tick is an instruction, ten thousand give the same mean.
const messages = tickUnit() === 'cycles' ? 1_000_000 : 10_000;
measure({ mechanism, direction: 'u2u', variant: 'stream', sizes: [416, 1024, 4096], messages });

const { O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const RLIMIT_MSGQUEUE = 12;

/** struct mq_attr: flags, most messages, bytes of the largest, messages now, four reserved. */
const attributes = (most: number, bytes: number): BigInt64Array =>
  BigInt64Array.of(0n, BigInt(most), BigInt(bytes), 0n, 0n, 0n, 0n, 0n);

/** The file of a queue; names of system calls lack the slash of the library's. */
const fileOf = (name: string): string => `/dev/mqueue/${name}`;

const name = 'ringcross';

/** A new queue, closed and gone when the test ends. */
const openQueue = (t: TestContext, { flags = 0, most = 4, bytes = 64 } = {}): number => {
  const queue = attempt('mq_open', name, O_RDWR | O_CREAT | O_EXCL | flags, 0o600, attributes(most, bytes));
  assert.ok(typeof queue === 'number', `mq_open: ${queue}`);
  t.after(() => {
    attempt('mq_unlink', name);
    assert.equal(attempt('close', queue), 0);
  });
  return queue;
};

const send = (queue: number, text: string, priority = 0) =>
  attempt('mq_timedsend', queue, text, text.length, priority, 0);

/** The next message and its priority, or the error. */
const receive = (queue: number, bytes = 64): { text: string; priority: number } | string => {
  const buffer = Buffer.alloc(bytes);
  const priority = new Uint32Array(1);
  const length = attempt('mq_timedreceive', queue, buffer, bytes, priority, 0);
  if (typeof length === 'string') return length;
  return { text: buffer.toString('latin1', 0, length), priority: priority[0] ?? 0 };
};

/** What became of a message of `bytes`, by the result of the call that is the subject. */
const boundary = (
  subject: string,
  size: 'empty' | 'largest' | 'one more',
  bytes: number,
  result: number | string,
  says: string,
): void =>
  finding({
    about: 'boundary',
    mechanism,
    subject,
    direction: 'u2u',
    size,
    bytes,
    result: typeof result === 'string' ? result : 'taken',
    says,
  });

/** What all queues of a user may hold in bytes, until the test ends: RLIMIT_MSGQUEUE of getrlimit(2). */
const limitQueues = (t: TestContext, bytes: bigint): void => {
  const before = new BigUint64Array(2);
  assert.equal(attempt('prlimit64', 0, RLIMIT_MSGQUEUE, BigUint64Array.of(bytes, bytes), before), 0);
  t.after(() => assert.equal(attempt('prlimit64', 0, RLIMIT_MSGQUEUE, before, 0), 0));
};

const setting = (file: string): string => `/proc/sys/fs/mqueue/${file}`;

/** Sets a limit of /proc/sys/fs/mqueue until the test ends. */
const limit = (t: TestContext, file: string, value: number): void => {
  const before = readFileSync(setting(file));
  writeFileSync(setting(file), `${value}`);
  t.after(() => writeFileSync(setting(file), before));
};

test('messages come out by priority, and in their order within one', (t) => {
  const queue = openQueue(t, { most: 8 });
  for (const [text, priority] of [
    ['low 1', 1],
    ['high 1', 9],
    ['low 2', 1],
    ['highest', 32767],
    ['high 2', 9],
  ] as const)
    assert.equal(send(queue, text, priority), 0);
  const order = Array.from({ length: 5 }, () => receive(queue));
  assert.deepEqual(order, [
    { text: 'highest', priority: 32767 },
    { text: 'high 1', priority: 9 },
    { text: 'high 2', priority: 9 },
    { text: 'low 1', priority: 1 },
    { text: 'low 2', priority: 1 },
  ]);
});

test('a priority from MQ_PRIO_MAX on is EINVAL', (t) => {
  assert.equal(send(openQueue(t), 'message!', 32768), 'EINVAL');
});

test('a message is received whole, in its own length, even if that is none', (t) => {
  const queue = openQueue(t);
  for (const text of ['a', 'b'.repeat(64), '']) {
    assert.equal(send(queue, text), 0);
    assert.deepEqual(receive(queue), { text, priority: 0 });
  }
  boundary('mq_send', 'empty', 0, send(queue, ''), 'a message like any other: it is received, with 0 bytes');
  assert.deepEqual(receive(queue), { text: '', priority: 0 });
});

test('an empty queue is EAGAIN to a receiver that will not wait, a full one to a sender', (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK, most: 2 });
  assert.equal(receive(queue), 'EAGAIN');
  for (const text of ['first', 'second']) assert.equal(send(queue, text), 0);
  assert.equal(send(queue, 'third'), 'EAGAIN');
});

test('a wait with a time limit ends with ETIMEDOUT, and with EINVAL if that is no time', (t) => {
  const queue = openQueue(t, { most: 1 });
  const buffer = Buffer.alloc(64);
  // Absolute, of CLOCK_REALTIME: long ago.
  const past = BigInt64Array.of(1n, 0n);
  const none = BigInt64Array.of(1n, 1_000_000_000n);
  assert.equal(attempt('mq_timedreceive', queue, buffer, 64, 0, past), 'ETIMEDOUT');
  assert.equal(attempt('mq_timedreceive', queue, buffer, 64, 0, none), 'EINVAL');
  assert.equal(attempt('mq_timedsend', queue, 'message!', 8, 0, past), 0, 'with room nobody waits');
  const told = attempt('mq_timedsend', queue, 'too late', 8, 0, past);
  assert.equal(told, 'ETIMEDOUT');
  assert.deepEqual(receive(queue), { text: 'message!', priority: 0 });
  assert.equal(attempt('mq_timedreceive', queue, buffer, 64, 0, past), 'ETIMEDOUT', 'nothing of it came');
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'mq_timedsend',
    direction: 'u2u',
    sender: told,
    receiver: 'nothing',
    says: 'a full queue makes the sender wait until its time is up',
  });
});

test('a receiver that waits gets what is sent later', async (t) => {
  const queue = openQueue(t);
  const buffer = Buffer.alloc(64);
  const waiting = attemptAsync('mq_timedreceive', queue, buffer, 64, 0, 0);
  await untilBlocked('mq_timedreceive', queue);
  assert.equal(send(queue, 'message!'), 0);
  assert.equal(await waiting, 8);
  assert.equal(buffer.toString('latin1', 0, 8), 'message!');
});

test('a sender that waits goes on when a receiver has made room', async (t) => {
  const queue = openQueue(t, { most: 1 });
  assert.equal(send(queue, 'first'), 0);
  const waiting = attemptAsync('mq_timedsend', queue, 'second', 6, 0, 0);
  await untilBlocked('mq_timedsend', queue);
  assert.deepEqual(receive(queue), { text: 'first', priority: 0 });
  assert.equal(await waiting, 0);
  assert.deepEqual(receive(queue), { text: 'second', priority: 0 });
});

test('senders that wait get in one by one: within a priority messages keep their order', async (t) => {
  const queue = openQueue(t, { most: 2 });
  for (const text of ['first', 'second']) assert.equal(send(queue, text, 5), 0);
  const waiting = [];
  for (const [text, priority] of [
    ['third', 5],
    ['urgent', 9],
    ['fourth', 5],
  ] as const) {
    // A descriptor of its own, by which each is seen to wait.
    const own = attempt('dup', queue);
    assert.ok(typeof own === 'number', `dup: ${own}`);
    t.after(() => assert.equal(attempt('close', own), 0));
    waiting.push(attemptAsync('mq_timedsend', own, text, text.length, priority, 0));
    await untilBlocked('mq_timedsend', own);
  }
  const order = [];
  for (let count = 0; count < 5; count++) order.push(receive(queue));
  assert.deepEqual(await Promise.all(waiting), [0, 0, 0]);
  assert.deepEqual(
    order,
    [
      { text: 'first', priority: 5 },
      { text: 'second', priority: 5 },
      { text: 'urgent', priority: 9 },
      { text: 'third', priority: 5 },
      { text: 'fourth', priority: 5 },
    ],
    'a priority counts within the queue; who waits outside gets in by turn',
  );
  assert.deepEqual(poll(queue), ['out'], 'the queue is empty: each came once');
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2u',
    loses: 'never',
    condition: 'until the queue is unlinked and nobody has it open, and to a receiver whose buffer is valid',
    says: 'a full queue makes the sender wait; messages outlive both sides',
  });
});

test('a sender that will not wait is told of each message that a full queue does not take', (t) => {
  const [count, bytes] = [60, 64];
  const queue = openQueue(t, { flags: O_NONBLOCK, most: 8, bytes });
  const { sent, refused, errors, received } = offer(
    {
      count,
      every: 3,
      send: (seq) => {
        const result = attempt('mq_timedsend', queue, message(seq, bytes), bytes, 0, 0);
        return typeof result === 'string' ? result : null;
      },
      receive: () => {
        const buffer = Buffer.alloc(bytes);
        const got = attempt('mq_timedreceive', queue, buffer, bytes, 0, 0);
        return numberOrError(got, buffer);
      },
    },
    'EAGAIN',
  );
  assert.ok(refused.length > 0, 'the queue was full');
  assert.deepEqual(received, sent, 'what was taken comes once, whole and in order, and no receive fails');
  assert.deepEqual(errors, ['EAGAIN']);
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'mq_send, O_NONBLOCK',
    direction: 'u2u',
    sender: errors.join(', '),
    receiver: 'nothing',
    says: `${refused.length} of ${count} messages refused, the others whole and in order`,
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2u, O_NONBLOCK',
    loses: 'when full',
    condition: `the sender is told, by ${errors.join(', ')}; a wait with a time limit, by ETIMEDOUT`,
    says: 'what is taken comes once, whole and in order within a priority',
  });
});

test('a message that is too long is EMSGSIZE, and so is a buffer too short for any that might come', (t) => {
  const bytes = 64;
  const queue = openQueue(t, { bytes });
  const subject = `mq_send, mq_msgsize ${bytes} B`;
  const whole = 'a'.repeat(bytes);
  boundary(subject, 'largest', bytes, send(queue, whole), 'who makes the queue chooses');
  assert.deepEqual(receive(queue), { text: whole, priority: 0 });
  const tooLong = send(queue, `${whole}a`);
  assert.equal(tooLong, 'EMSGSIZE');
  boundary(subject, 'one more', bytes + 1, tooLong, 'nothing of it is queued');
  assert.equal(send(queue, 'message!'), 0);
  assert.equal(receive(queue, 63), 'EMSGSIZE', 'though the message has 8 bytes');
  assert.deepEqual(receive(queue), { text: 'message!', priority: 0 }, 'it is still there');
});

test('a sender with a bad pointer is EFAULT and sends nothing', (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK });
  for (const address of Object.values(nowhere))
    assert.equal(attempt('mq_timedsend', queue, address, 8, 0, 0), 'EFAULT');
  assert.equal(receive(queue), 'EAGAIN');
});

test('a receiver with a bad pointer is EFAULT and loses the message', (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK });
  for (const address of Object.values(nowhere)) {
    assert.equal(send(queue, 'message!'), 0);
    const told = attempt('mq_timedreceive', queue, address, 64, 0, 0);
    assert.equal(told, 'EFAULT');
    assert.equal(receive(queue), 'EAGAIN', 'it left the queue before it was copied');
    finding({
      about: 'loss notice',
      mechanism,
      subject: 'mq_receive into a bad pointer',
      direction: 'u2u',
      sender: 'nothing',
      receiver: told,
      says: 'the message leaves the queue before it is copied, and is gone',
    });
  }
});

test('a time limit with a bad pointer is EFAULT before anything happens', (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK });
  for (const address of Object.values(nowhere).filter((address) => address !== 0n)) {
    assert.equal(attempt('mq_timedsend', queue, 'message!', 8, 0, address), 'EFAULT');
    assert.equal(receive(queue), 'EAGAIN');
  }
});

test('a name is one of a file in one folder', () => {
  for (const [bad, error] of [
    ['', 'ENOENT'],
    ['.', 'EACCES'],
    ['..', 'EACCES'],
    ['a/b', 'EACCES'],
    ['a'.repeat(256), 'ENAMETOOLONG'],
  ] as const)
    assert.equal(attempt('mq_open', bad, O_RDWR | O_CREAT, 0o600, 0), error, bad);
  for (const address of Object.values(nowhere))
    assert.equal(attempt('mq_open', address, O_RDWR | O_CREAT, 0o600, 0), 'EFAULT');
});

test('a queue is made once, opened by name until unlinked, and used until closed', (t) => {
  assert.equal(attempt('mq_open', name, O_RDWR, 0, 0), 'ENOENT');
  const queue = openQueue(t);
  assert.equal(attempt('mq_open', name, O_RDWR | O_CREAT | O_EXCL, 0o600, 0), 'EEXIST');
  assert.equal(attempt('mq_unlink', name), 0);
  assert.equal(attempt('mq_unlink', name), 'ENOENT');
  assert.equal(attempt('mq_open', name, O_RDWR, 0, 0), 'ENOENT');
  assert.equal(send(queue, 'message!'), 0);
  assert.deepEqual(receive(queue), { text: 'message!', priority: 0 });
});

test('a descriptor goes the way it was opened for, and does not read and write as a file of bytes', (t) => {
  const queue = openQueue(t);
  for (const [flags, call] of [
    [O_RDONLY, 'mq_timedsend'],
    [O_WRONLY, 'mq_timedreceive'],
  ] as const) {
    const one = attempt('mq_open', name, flags, 0, 0);
    assert.ok(typeof one === 'number');
    assert.equal(attempt(call, one, Buffer.alloc(64), 64, 0, 0), 'EBADF');
    assert.equal(attempt('close', one), 0);
  }
  assert.equal(attempt('write', queue, 'message!', 8), 'EINVAL');
});

test('attributes that make no queue are EINVAL', () => {
  for (const [most, bytes] of [
    [0, 64],
    [-1, 64],
    [4, 0],
    [4, -1],
  ] as const)
    assert.equal(attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes(most, bytes)), 'EINVAL');
  for (const address of Object.values(nowhere).filter((address) => address !== 0n))
    assert.equal(attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, address), 'EFAULT');
});

test('without CAP_SYS_RESOURCE the limits of /proc/sys/fs/mqueue hold', (t) => {
  const [most = 0, bytes = 0] = ['msg_max', 'msgsize_max'].map((file) =>
    Number(readFileSync(setting(file), 'latin1')),
  );
  assert.deepEqual([most, bytes], [10, 8192]);
  const make = (...limits: [number, number]) =>
    attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes(...limits));
  withoutCapability('CAP_SYS_RESOURCE', () => {
    assert.equal(make(most + 1, bytes), 'EINVAL');
    const tooLarge = make(most, bytes + 1);
    assert.equal(tooLarge, 'EINVAL');
    const queue = openQueue(t, { most, bytes });
    const subject = 'mq_open, without CAP_SYS_RESOURCE';
    boundary(subject, 'largest', bytes, queue, 'msgsize_max of /proc/sys/fs/mqueue');
    boundary(subject, 'one more', bytes + 1, tooLarge, 'there is no queue for such messages');
  });
});

test('without CAP_SYS_RESOURCE there are so many queues and no more', (t) => {
  limit(t, 'queues_max', readdirSync('/dev/mqueue').length);
  const make = () => attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes(4, 64));
  withoutCapability('CAP_SYS_RESOURCE', () => assert.equal(make(), 'ENOSPC'));
  openQueue(t);
});

test('the queues of a user hold so many bytes and no more, used or not', (t) => {
  limitQueues(t, 819_200n);
  assert.equal(attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes(13, 65536)), 'EMFILE');
  openQueue(t, { most: 12, bytes: 65536 });
});

test('the largest message has 16 MiB', (t) => {
  const largest = 1 << 24;
  limitQueues(t, 1n << 30n);
  const queue = openQueue(t, { most: 1, bytes: largest });
  const sent = Buffer.alloc(largest, 'ringcross');
  const got = Buffer.alloc(largest);
  const taken = attempt('mq_timedsend', queue, sent, largest, 0, 0);
  assert.equal(taken, 0);
  assert.equal(attempt('mq_timedreceive', queue, got, largest, 0, 0), largest);
  assert.ok(got.equals(sent));
  const refused = attempt('mq_timedsend', queue, Buffer.alloc(largest + 1), largest + 1, 0, 0);
  assert.equal(refused, 'EMSGSIZE');
  assert.equal(attempt('mq_unlink', name), 0);
  const make = attempt('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes(1, largest + 1));
  assert.equal(make, 'EINVAL');
  boundary('mq_send', 'largest', largest, taken, 'HARD_MSGSIZEMAX, in a queue that was made for it');
  boundary('mq_send', 'one more', largest + 1, refused, 'nor does mq_open make a queue for it');
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'mq_send',
    bytes: largest,
    says: 'HARD_MSGSIZEMAX, with CAP_SYS_RESOURCE and RLIMIT_MSGQUEUE raised; mq_open refuses more with EINVAL; 8192 B without',
  });
});

test('a queue is a file that tells how many bytes it holds', (t) => {
  const queue = openQueue(t);
  for (const text of ['message!', 'more']) assert.equal(send(queue, text), 0);
  assert.ok(readdirSync('/dev/mqueue').includes(name));
  assert.match(readFileSync(fileOf(name), 'latin1'), /^QSIZE:12 +NOTIFY:0 +SIGNO:0 +NOTIFY_PID:0 *\n$/);
  assert.equal(statSync(fileOf(name)).mode & 0o777, 0o600);
  const now = attributes(0, 0);
  assert.equal(attempt('mq_getsetattr', queue, 0, now), 0);
  assert.deepEqual([...now.subarray(0, 4)], [0n, 4n, 64n, 2n]);
});

test('a queue and its messages outlive who made them', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('mq_open', name, O_RDWR | O_CREAT | O_EXCL, 0o600, 0);
  assert.ok(typeof theirs === 'number', `mq_open: ${theirs}`);
  t.after(() => assert.equal(attempt('mq_unlink', name), 0));
  assert.equal(await peer.attempt('mq_timedsend', theirs, 'message!', 8, 0, 0), 0);
  await peer.stop();
  const ours = attempt('mq_open', name, O_RDONLY, 0, 0);
  assert.ok(typeof ours === 'number');
  t.after(() => assert.equal(attempt('close', ours), 0));
  assert.deepEqual(receive(ours, 8192), { text: 'message!', priority: 0 });
});

test('poll tells when there is a message, and when there is room', async (t) => {
  const queue = openQueue(t, { most: 1 });
  assert.deepEqual(poll(queue), ['out']);
  const waiting = pollAsync(queue, ['in'], 10_000);
  await untilBlocked('poll');
  assert.equal(send(queue, 'message!'), 0);
  assert.deepEqual(await waiting, ['in']);
  assert.deepEqual(poll(queue), ['in']);
  finding({ about: 'signalling', mechanism, subject: 'poll', works: true, says: 'woken' });
});

test('mq_notify tells one process, once, that an empty queue has got a message', (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK });
  const [AF_NETLINK, SOCK_RAW, MSG_DONTWAIT] = [16, 3, 0x40];
  const socket = attempt('socket', AF_NETLINK, SOCK_RAW, 0);
  assert.ok(typeof socket === 'number');
  t.after(() => assert.equal(attempt('close', socket), 0));
  const told = () => {
    const buffer = Buffer.alloc(64);
    const length = attempt('recvfrom', socket, buffer, buffer.length, MSG_DONTWAIT, 0, 0);
    return typeof length === 'number' ? buffer.toString('latin1', 0, length) : length;
  };
  // What the library does for SIGEV_THREAD: the kernel sends 32 bytes of ours, the last one changed, to a socket of ours.
  const [PROT_READ, MAP_PRIVATE, MAP_ANONYMOUS, SIGEV_THREAD] = [1, 2, 0x20, 2n];
  const cookie = syscall('mmap', 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert.ok(cookie > 0n);
  t.after(() => assert.equal(attempt('munmap', cookie, 4096), 0));
  const wokenUp = `${'\0'.repeat(31)}\x01`;
  // struct sigevent: the cookie's address, the socket, how to tell; 64 bytes.
  const register = BigUint64Array.of(cookie, (SIGEV_THREAD << 32n) | BigInt(socket), 0n, 0n, 0n, 0n, 0n, 0n);
  const remove = 0;
  assert.equal(attempt('mq_notify', queue, register), 0);
  assert.equal(attempt('mq_notify', queue, register), 'EBUSY', 'one at a time');
  assert.equal(told(), 'EAGAIN', 'nothing yet');
  assert.equal(send(queue, 'first'), 0);
  assert.equal(told(), wokenUp);
  assert.deepEqual(receive(queue), { text: 'first', priority: 0 });
  assert.equal(send(queue, 'second'), 0);
  assert.equal(told(), 'EAGAIN', 'once');

  assert.equal(attempt('mq_notify', queue, register), 0);
  assert.equal(send(queue, 'third'), 0);
  assert.equal(told(), 'EAGAIN', 'the queue was not empty');
  assert.equal(attempt('mq_notify', queue, remove), 0);
  finding({
    about: 'signalling',
    mechanism,
    subject: 'mq_notify',
    works: true,
    says: 'one process is told once, when a message comes to an empty queue',
  });
});

test('an old receiver with room for any message of the queue takes a longer one, and can tell', (t) => {
  const queue = openQueue(t, { bytes: 8192 });
  assert.equal(attempt('mq_timedsend', queue, BigUint64Array.of(1n, 0xf1e1dn), 16, 0, 0), 0);
  assert.equal(attempt('mq_timedsend', queue, BigUint64Array.of(2n, 0xf1e1dn), 16, 0, 0), 0);
  const buffer = new BigUint64Array(1024);
  for (const seq of [1n, 2n]) {
    assert.equal(
      attempt('mq_timedreceive', queue, buffer, 8192, 0, 0),
      16,
      'the length tells of a new field',
    );
    assert.equal(buffer[0], seq, 'the fields it knows are where they were');
  }
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more',
    outcome: 'works',
    says: 'a message ends where it ends; the receiver sees its length',
  });
});

test('a queue made for the old message refuses the new one, and its reader a queue made for the new', (t) => {
  const old = openQueue(t, { bytes: 8 });
  assert.equal(attempt('mq_timedsend', old, BigUint64Array.of(1n, 0xf1e1dn), 16, 0, 0), 'EMSGSIZE');
  assert.equal(attempt('mq_unlink', name), 0);
  const renewed = openQueue(t, { bytes: 16 });
  assert.equal(attempt('mq_timedsend', renewed, BigUint64Array.of(1n, 0xf1e1dn), 16, 0, 0), 0);
  const buffer = new BigUint64Array(1);
  assert.equal(attempt('mq_timedreceive', renewed, buffer, 8, 0, 0), 'EMSGSIZE');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more, mq_msgsize of one message',
    outcome: 'refused',
    says: 'EMSGSIZE to the new sender at the old queue, to the old receiver at a new one',
  });
});

test('a 32-bit program makes a queue for a 64-bit one, and each receives what the other sends', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  // Its struct mq_attr has longs of four bytes: the kernel translates them (ipc/mqueue.c).
  const theirs = await peer.attempt(
    'mq_open',
    name,
    O_RDWR | O_CREAT | O_EXCL,
    0o600,
    Int32Array.of(0, 4, 64, 0, 0, 0, 0, 0),
  );
  assert.ok(typeof theirs === 'number', `mq_open: ${theirs}`);
  t.after(() => assert.equal(attempt('mq_unlink', name), 0));
  const ours = attempt('mq_open', name, O_RDWR, 0, 0);
  assert.ok(typeof ours === 'number', `mq_open: ${ours}`);
  t.after(() => assert.equal(attempt('close', ours), 0));
  const now = attributes(0, 0);
  assert.equal(attempt('mq_getsetattr', ours, 0, now), 0);
  assert.deepEqual([...now.subarray(0, 4)], [0n, 4n, 64n, 0n]);

  assert.equal(await peer.attempt('mq_timedsend', theirs, 'from 32', 7, 32767, 0), 0);
  assert.deepEqual(receive(ours), { text: 'from 32', priority: 32767 });
  assert.equal(send(ours, 'from 64', 5), 0);
  const buffer = Buffer.alloc(64);
  const priority = new Uint32Array(1);
  assert.equal(await peer.attempt('mq_timedreceive', theirs, buffer, 64, priority, 0), 7);
  assert.equal(buffer.toString('latin1', 0, 7), 'from 64');
  assert.deepEqual([...priority], [5]);
  // struct timespec of two 32-bit words: long ago.
  const past = Int32Array.of(1, 0);
  assert.equal(await peer.attempt('mq_timedreceive', theirs, buffer, 64, 0, past), 'ETIMEDOUT');
  finding({
    about: 'portability',
    mechanism,
    subject: 'mq_open, mq_timedsend, mq_timedreceive',
    outcome: 'works',
    says: 'the kernel translates struct mq_attr and struct timespec',
  });
});

test('a structure with a long is half as large in a 32-bit program', async (t) => {
  const queue = openQueue(t, { bytes: 16 });
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('mq_open', name, O_WRONLY, 0, 0);
  // struct { long seq; long value; }
  assert.equal(await peer.attempt('mq_timedsend', theirs, Int32Array.of(1, 2), 8, 0, 0), 0);
  const ours = new BigInt64Array(2);
  assert.equal(attempt('mq_timedreceive', queue, ours, 16, 0, 0), 8, 'its length tells');
  assert.deepEqual([...ours], [(2n << 32n) | 1n, 0n], 'two fields in one');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a structure with a long',
    outcome: 'breaks',
    says: 'its fields are half as long; only the length of the message tells',
  });
});

/** A process that has the queue open too. */
const peerWith = async (t: TestContext, flags: number) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('mq_open', name, flags, 0, 0);
  assert.ok(typeof theirs === 'number', `mq_open: ${theirs}`);
  return { peer, theirs };
};

test('of a sender that was killed while it waited for room nothing is queued', async (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK, most: 1 });
  assert.equal(send(queue, 'first'), 0);
  const { peer, theirs } = await peerWith(t, O_WRONLY);
  await peer.killIn('mq_timedsend', theirs, 'second', 6, 0, 0);
  assert.deepEqual(receive(queue), { text: 'first', priority: 0 });
  assert.equal(receive(queue), 'EAGAIN');
  assert.deepEqual(poll(queue), ['out']);
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in mq_send',
    direction: 'u2u',
    of: 'writer',
    survivor: 'nothing',
    says: 'a message is queued whole or not at all, and no end of a file tells that its sender is gone',
  });
});

test('a receiver that waits is not told that the only sender was killed', async (t) => {
  const queue = openQueue(t);
  const { peer, theirs } = await peerWith(t, O_WRONLY);
  assert.equal(await peer.attempt('mq_timedsend', theirs, 'its last', 8, 0, 0), 0);
  assert.deepEqual(receive(queue), { text: 'its last', priority: 0 });
  const buffer = Buffer.alloc(64);
  const waiting = attemptAsync('mq_timedreceive', queue, buffer, 64, 0, 0);
  await untilBlocked('mq_timedreceive', queue);
  await peer.stop();
  assert.equal(send(queue, 'another'), 0);
  assert.equal(await waiting, 7, 'it has waited for any sender');
  assert.equal(buffer.toString('latin1', 0, 7), 'another');
  finding({
    about: 'death',
    mechanism,
    subject: 'between two messages, the receiver waits',
    direction: 'u2u',
    of: 'writer',
    survivor: 'nothing',
    says: 'the receiver waits on: a queue may get another sender at any time',
  });
});

test('a message to a receiver that was killed while it waited stays for the next one', async (t) => {
  const queue = openQueue(t, { flags: O_NONBLOCK });
  const { peer, theirs } = await peerWith(t, O_RDONLY);
  await peer.killIn('mq_timedreceive', theirs, Buffer.alloc(64), 64, 0, 0);
  const told = send(queue, 'message!');
  assert.equal(told, 0);
  assert.deepEqual(receive(queue), { text: 'message!', priority: 0 });
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in mq_receive',
    direction: 'u2u',
    of: 'reader',
    survivor: 'nothing',
    says: 'the message stays in the queue; a full one makes the sender wait, whether a reader lives or not',
  });
});
