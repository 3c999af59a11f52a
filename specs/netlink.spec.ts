// A netlink protocol of our own, netlink(7): kmod/netlink, which takes messages and sends them to whoever subscribed.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  decodeAnswer,
  decodeMessages,
  encodeMessage,
  finding,
  holdReceiver,
  loadModule,
  measure,
  messageFlags,
  modulePath,
  type Needs,
  nowhere,
  type Peer32,
  poll,
  pollAsync,
  reload,
  resetStamps,
  sizes,
  startPeer32,
  unloadModule,
  untilBlocked,
  verified,
  verifyBelow,
  withoutCapability,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';
import { message } from './checked-message.ts';
import {
  AF_NETLINK,
  acknowledges,
  address,
  addressBytes,
  ask,
  bindSocket,
  closeSocket,
  getBuffer,
  headerBytes,
  join,
  joinTheirs,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  memoryOf,
  messageOf,
  numberOf,
  openBound,
  openSocket,
  payloadOf,
  portOf,
  produce,
  protocol,
  receive,
  received,
  receiveMessage,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
  send,
  setBuffer,
  subscribe,
  subscribeGroup,
  subscription,
  types,
} from './netlink-socket.ts';
import { readerDeaths } from './reader-death.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'], modules: ['netlink'] } satisfies Needs;

const mechanism = 'netlink';
const kernel = 'netlink';

// One sendto: the kernel's receiving is a part of it, stamped by the module.
measure({ mechanism, direction: 'u2k', variant: 'unicast', sizes, kernel });

// One sendmsg of three parts, which the kernel puts together: header, half of the message, the other half.
measure({ mechanism, direction: 'u2k', variant: 'gather', sizes, kernel });

// "One message, one ACK": sendto with NLM_F_ACK and the recvfrom of what answers it, in one window.
measure({ mechanism, direction: 'u2k', variant: 'acknowledged', sizes, kernel });

// The kernel allocates, fills and sends a buffer, then the user's recvfrom finds it, with room of the right size.
measure({ mechanism, direction: 'k2u', variant: 'unicast', sizes, kernel });

// The same, received by two calls: one that asks for the size, one with memory taken for it.
measure({ mechanism, direction: 'k2u', variant: 'peek', sizes, kernel });

// A receiver that waits in recvfrom: its wake-up and the switch to it are part of the transit.
measure({ mechanism, direction: 'k2u', variant: 'blocking', sizes, kernel });

// From the kernel's send to the return of poll or epoll_wait; the message is read after that, untimed.
measure({ mechanism, direction: 'k2u', variant: 'poll', sizes, kernel });
measure({ mechanism, direction: 'k2u', variant: 'epoll', sizes, kernel });

// "One message, one ACK" the other way: recvfrom and the sendto that acknowledges, in one window.
measure({ mechanism, direction: 'k2u', variant: 'acknowledged', sizes, kernel });

// One send of the kernel's to all sockets of a group. Each stamps its own recvfrom; the transit ends with the last.
measure({ mechanism, direction: 'k2u', variant: 'multicast-1', sizes, kernel });
measure({ mechanism, direction: 'k2u', variant: 'multicast-4', sizes, kernel });
// Fewer messages: each is received sixteen times.
measure({ mechanism, direction: 'k2u', variant: 'multicast-16', sizes, kernel, messages: 300, warmup: 100 });

const largest = 262144;
const groups = 64;

const [SOCK_STREAM, SOCK_DGRAM] = [1, 2];

/** A bound socket of another process, with the file number it has there. */
const openTheirs = async (peer: Peer32): Promise<number> => {
  const theirs = Number(await peer.attempt('socket', AF_NETLINK, SOCK_RAW, protocol));
  assert.equal(await peer.attempt('bind', theirs, address(), addressBytes), 0);
  return theirs;
};

/** The same, and the kernel's messages go to it, or to the group that it is a member of. */
const subscribeTheirs = async (peer: Peer32, group: number): Promise<number> => {
  const theirs = await openTheirs(peer);
  if (group > 0) await joinTheirs(peer, theirs, group);
  const flags = messageFlags.request;
  const request = encodeMessage({ type: types.subscribe, flags, payload: subscription(group) });
  assert.equal(
    await peer.attempt('sendto', theirs, request, request.length, 0, address(), addressBytes),
    request.length,
  );
  return theirs;
};

for (const [subject, flags] of [
  ['send', 0],
  ['send, MSG_DONTWAIT', MSG_DONTWAIT],
] as const) {
  test(`${subject}: not queued, the kernel's receiver has run when the call returns`, async (t) => {
    const fd = openSocket(t);
    resetStamps('netlink', 'received');
    const hold = openSync(debugfs('netlink', 'hold'), 'r');
    let held = true;
    const release = () => {
      if (held) closeSync(hold);
      held = false;
    };
    t.after(release);
    const datagram = messageOf(5);
    const sending = attemptAsync('sendto', fd, datagram, datagram.length, flags, address(), addressBytes);
    await untilBlocked('sendto', fd);
    assert.deepEqual(received(), [], 'the receiver holds back');
    release();
    assert.equal(await sending, datagram.length);
    const has = received();
    assert.deepEqual(has, [5n]);
    finding({
      about: 'synchrony',
      mechanism,
      subject,
      direction: 'u2k',
      returns: has.length === 1 ? 'after' : 'before',
      says: "blocked for as long as the kernel's receiver held back",
    });
  });
}

for (const [subject, subscriber] of [
  ['nlmsg_unicast', (t: TestContext) => subscribe(t)],
  ['nlmsg_multicast', (t: TestContext) => subscribeGroup(t, 1)],
] as const) {
  test(`${subject} returns while its message waits in the socket's queue`, (t) => {
    const fd = subscriber(t);
    assert.deepEqual(poll(fd, ['in']), []);
    produce('8 6');
    const waits = poll(fd, ['in']).length > 0;
    assert.ok(waits);
    assert.equal(numberOf(receiveMessage(fd)), 6n);
    finding({
      about: 'synchrony',
      mechanism,
      subject,
      direction: 'k2u',
      returns: waits ? 'before' : 'after',
      says: "returned with its message in the socket's queue, unread",
    });
  });
}

test('messages come out whole, in order, with their number as nlmsg_seq', (t) => {
  const fd = subscribe(t);
  for (const order of ['8 1', '100 2', '4096 3']) produce(order);
  for (const [seq, bytes] of [
    [1, 8],
    [2, 100],
    [3, 4096],
  ] as const) {
    const message = receiveMessage(fd, 8192);
    assert.deepEqual([message.type, message.seq, message.port], [types.message, seq, 0]);
    assert.equal(message.payload.length, bytes);
    assert.equal(numberOf(message), BigInt(seq));
  }
  assert.equal(receive(fd), 'EAGAIN');
});

test('a datagram holds several messages, and the kernel takes each', (t) => {
  const fd = openSocket(t);
  resetStamps('netlink', 'received');
  const datagram = Buffer.concat([messageOf(1, 9), messageOf(2, 64), messageOf(3)]);
  assert.equal(send(fd, datagram), datagram.length);
  assert.deepEqual(received(), [1n, 2n, 3n]);
});

test('many senders at once lose nothing', async (t) => {
  resetStamps('netlink', 'received');
  const senders = Array.from({ length: 8 }, (_, index) => ({
    fd: openSocket(t),
    datagram: messageOf(index, 4096),
  }));
  const sent = await Promise.all(
    senders.map(({ fd, datagram }) =>
      attemptAsync('sendto', fd, datagram, datagram.length, 0, address(), addressBytes),
    ),
  );
  assert.deepEqual(
    sent,
    senders.map(({ datagram }) => datagram.length),
  );
  assert.deepEqual(
    received().sort(),
    senders.map((_, index) => BigInt(index)),
  );
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2k',
    loses: 'never',
    condition: 'sendto has returned the size; whether the module refuses it, only its answer tells',
    says: `the kernel's receiver runs inside the call: of ${senders.length} senders at once nothing is lost`,
  });
});

test('a receiver that waits gets the next message', async (t) => {
  const fd = subscribe(t);
  const bytes = Buffer.alloc(64);
  const receiving = attemptAsync('recvfrom', fd, bytes, bytes.length, 0, 0, 0);
  await untilBlocked('recvfrom', fd);
  produce('8 7');
  assert.equal(await receiving, headerBytes + 8);
  assert.equal(bytes.readBigUInt64LE(headerBytes), 7n);
});

test('poll wakes a waiter', async (t) => {
  const fd = subscribe(t);
  assert.deepEqual(poll(fd), ['out']);
  const waiting = pollAsync(fd, ['in'], 10_000);
  await untilBlocked('poll');
  produce('8 1');
  const woken = await waiting;
  assert.deepEqual(woken, ['in']);
  finding({ about: 'signalling', mechanism, subject: 'poll', works: woken.length > 0, says: 'woken' });
});

test('epoll wakes a waiter', async (t) => {
  const fd = subscribe(t);
  const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1];
  const epoll = Number(attempt('epoll_create1', 0));
  t.after(() => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event is packed: 32 bits of events, 64 bits of the user's.
  const event = Buffer.alloc(12);
  event.writeUInt32LE(EPOLLIN);
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event), 0);
  assert.equal(attempt('epoll_wait', epoll, event, 1, 0), 0);
  const waiting = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  produce('8 1');
  const ready = await waiting;
  assert.equal(ready, 1);
  finding({ about: 'signalling', mechanism, subject: 'epoll', works: ready === 1, says: 'woken' });
});

test('an answer tells what was refused, and why; the request comes back in it', (t) => {
  subscribe(t);
  const fd = openBound(t);
  resetStamps('netlink', 'received');
  for (const [what, type, payload, error] of [
    ['an unknown type', types.unknown, payloadOf(1), 'ENOTSUP'],
    ['a message without room for its number', types.message, Buffer.alloc(7), 'EINVAL'],
    ['a message of nothing', types.message, Buffer.alloc(0), 'EINVAL'],
    ['a subscription that is cut short', types.subscribe, Buffer.alloc(7), 'EINVAL'],
    ['a group that there is not', types.subscribe, subscription(groups + 1), 'EINVAL'],
    ['an unknown flag', types.subscribe, subscription(0, 4), 'EINVAL'],
    ['a group that acknowledges', types.subscribe, subscription(1, acknowledges), 'EINVAL'],
    ['an acknowledgement by somebody else', types.ack, Buffer.alloc(0), 'EPERM'],
  ] as const)
    assert.equal(ask(fd, type, payload, 77), error, what);
  // What is refused is answered even where nobody asked for an acknowledgement.
  const refused = encodeMessage({ type: types.unknown, flags: messageFlags.request, payload: payloadOf(1) });
  assert.equal(send(fd, refused), refused.length);
  const { payload } = receiveMessage(fd);
  assert.equal(payload.readInt32LE(), -95);
  assert.ok(payload.subarray(4).equals(refused));
  assert.deepEqual(received(), []);
});

test('a header that is cut short or lies about its length is passed over, without a word', (t) => {
  const fd = openBound(t);
  resetStamps('netlink', 'received');
  const withLength = (length: number): Buffer => {
    const datagram = messageOf(1, 8, messageFlags.ack);
    datagram.writeUInt32LE(length);
    return datagram;
  };
  for (const [what, datagram] of [
    ['half a header', messageOf(1, 8, messageFlags.ack).subarray(0, 8)],
    ['one byte less than a header', messageOf(1, 8, messageFlags.ack).subarray(0, headerBytes - 1)],
    ['longer than the datagram', withLength(25)],
    ['as long as can be', withLength(0xffff_ffff)],
    ['shorter than a header', withLength(headerBytes - 1)],
    ['nothing', withLength(0)],
  ] as const) {
    assert.equal(send(fd, datagram), datagram.length, what);
    assert.equal(receive(fd), 'EAGAIN', what);
  }
  assert.deepEqual(received(), []);
});

test('what is no request is acknowledged, but not taken', (t) => {
  const fd = openBound(t);
  resetStamps('netlink', 'received');
  const datagram = encodeMessage({ type: types.message, flags: messageFlags.ack, payload: payloadOf(1) });
  assert.equal(send(fd, datagram), datagram.length);
  assert.equal(decodeAnswer(receiveMessage(fd)).error, 0);
  assert.deepEqual(received(), []);
});

test('a receiver with too little room loses the rest of the message', (t) => {
  const fd = subscribe(t);
  produce('100 1');
  produce('100 2');
  const whole = headerBytes + 100;
  assert.equal(attempt('recvfrom', fd, 0, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, 0, 0), whole);
  const short = receive(fd, 40);
  assert.ok(typeof short !== 'string');
  assert.equal(short.length, 40);
  assert.equal(short.readUInt32LE(), whole, 'the header still tells its length');
  assert.equal(numberOf(receiveMessage(fd)), 2n, 'the next call gets the next message');
});

for (const [what, pointer] of Object.entries(nowhere)) {
  test(`${what} is EFAULT to a sender, and nothing arrives`, (t) => {
    const fd = openBound(t);
    const datagram = messageOf(1);
    resetStamps('netlink', 'received');
    assert.equal(attempt('sendto', fd, pointer, datagram.length, 0, address(), addressBytes), 'EFAULT');
    assert.deepEqual(received(), []);
  });
}

test('a bad address of a buffer costs the receiver its message, unless it is no address of user space', (t) => {
  const fd = subscribe(t);
  for (const [pointer, left] of [
    // Refused before the queue is looked at (import_ubuf).
    [nowhere['a kernel address'], 1],
    // Refused by the copy: netlink frees what it could not copy.
    [nowhere['a null pointer'], 0],
  ] as const) {
    produce('8 1');
    assert.equal(attempt('recvfrom', fd, pointer, 24, MSG_DONTWAIT, 0, 0), 'EFAULT');
    assert.equal(poll(fd, ['in']).length, left);
    while (poll(fd, ['in']).length > 0) receiveMessage(fd);
  }
});

test("a bad address of the peer's address is EFAULT", (t) => {
  const fd = openBound(t);
  const datagram = messageOf(1);
  resetStamps('netlink', 'received');
  for (const pointer of [1n, nowhere['a kernel address']])
    assert.equal(attempt('sendto', fd, datagram, datagram.length, 0, pointer, addressBytes), 'EFAULT');
  assert.equal(attempt('sendto', fd, datagram, datagram.length, 0, address(), addressBytes - 1), 'EINVAL');
  assert.deepEqual(received(), []);
});

test('a subscriber is a port: whoever binds it next gets its messages', (t) => {
  const fd = subscribe(t);
  const port = portOf(fd);
  closeSocket(fd);
  const next = openBound(t, port);
  produce('8 1');
  assert.equal(numberOf(receiveMessage(next)), 1n);
});

test('a subscriber that has gone is ECONNREFUSED, then nobody is there: ENOTCONN', (t) => {
  const fd = subscribe(t);
  closeSocket(fd);
  assert.throws(() => produce('8 1'), { code: 'ECONNREFUSED' });
  assert.throws(() => produce('8 2'), { code: 'ENOTCONN' });
});

test('a port that nobody has is ECONNREFUSED to a user, too', (t) => {
  const fd = openBound(t);
  const gone = openBound(t, 4_000_000);
  closeSocket(gone);
  assert.equal(send(fd, messageOf(1), address(4_000_000)), 'ECONNREFUSED');
});

test('a port is one socket at a time', (t) => {
  const first = openBound(t);
  const second = openSocket(t);
  assert.equal(attempt('bind', second, address(portOf(first)), addressBytes), 'EADDRINUSE');
});

test('a group without members is ESRCH to the kernel, and the message is gone', (t) => {
  const fd = openBound(t);
  assert.equal(ask(fd, types.subscribe, subscription(3)), 0);
  assert.throws(() => produce('8 1'), { code: 'ESRCH' });
  assert.equal(join(fd, 3), 0);
  assert.equal(receive(fd), 'EAGAIN');
  produce('8 2');
  assert.equal(numberOf(receiveMessage(fd)), 2n);
});

test('every member of a group gets the message once, and nobody else', (t) => {
  const outside = openBound(t);
  const members = [openBound(t), openBound(t), subscribeGroup(t, 2)];
  for (const fd of members) assert.equal(join(fd, 2), 0);
  produce('64 9');
  for (const fd of members) {
    assert.equal(numberOf(receiveMessage(fd)), 9n);
    assert.equal(receive(fd), 'EAGAIN');
  }
  assert.equal(receive(outside), 'EAGAIN');
});

test('sending to a group takes no subscription, and the kernel gets the message besides', (t) => {
  const sender = openBound(t);
  const member = openBound(t);
  assert.equal(join(member, 2), 0);
  resetStamps('netlink', 'received');
  const datagram = messageOf(11);
  assert.equal(send(sender, datagram, address(0, 1 << 1)), datagram.length);
  assert.equal(numberOf(receiveMessage(member)), 11n);
  assert.deepEqual(received(), [11n], 'port 0 of the address is the kernel');
});

test('a protocol has as many groups as it asks for, not 32; bind knows the first 32 only', (t) => {
  const fd = subscribeGroup(t, groups);
  produce('8 1');
  assert.equal(numberOf(receiveMessage(fd)), 1n);
  assert.equal(join(fd, groups + 1), 'EINVAL');
  assert.equal(join(fd, 0), 'EINVAL');
  const bound = openSocket(t);
  assert.equal(attempt('bind', bound, address(0, 0xffff_ffff), addressBytes), 0);
  produce('8 2');
  assert.equal(receive(bound), 'EAGAIN', 'its mask has 32 bits');
});

test('with 32 groups there is no 33rd', (t) => {
  reload(t, 'netlink', 'groups=32');
  const fd = openBound(t);
  assert.equal(join(fd, 32), 0);
  assert.equal(join(fd, 33), 'EINVAL');
  closeSocket(fd);
});

test('without CAP_NET_ADMIN a socket talks to the kernel; groups and the ports of others are EPERM', (t) => {
  const other = portOf(openBound(t));
  resetStamps('netlink', 'received');
  withoutCapability('CAP_NET_ADMIN', () => {
    const fd = openBound(t);
    assert.equal(ask(fd, types.message, payloadOf(1)), 0, 'both ways: the answer came');
    assert.deepEqual(received(), [1n]);
    assert.equal(ask(fd, types.subscribe, subscription()), 'EPERM', 'which the module asks, not netlink');
    assert.equal(join(fd, 1), 'EPERM');
    assert.equal(attempt('bind', openSocket(t), address(0, 1), addressBytes), 'EPERM');
    assert.equal(send(fd, messageOf(1), address(other)), 'EPERM');
    assert.equal(send(fd, messageOf(1), address(0, 1)), 'EPERM');
    const options = [SO_RCVBUFFORCE, SO_SNDBUFFORCE];
    for (const option of options)
      assert.equal(attempt('setsockopt', fd, SOL_SOCKET, option, Uint32Array.of(65536), 4), 'EPERM');
  });
});

test('SOCK_RAW and SOCK_DGRAM are the same, SOCK_STREAM there is not', (t) => {
  for (const type of [SOCK_RAW, SOCK_DGRAM]) {
    resetStamps('netlink', 'received');
    assert.equal(ask(openSocket(t, type), types.message, payloadOf(1)), 0);
    assert.deepEqual(received(), [1n]);
  }
  assert.equal(attempt('socket', AF_NETLINK, SOCK_STREAM, protocol), 'errno 94', 'ESOCKTNOSUPPORT');
});

test('SIOCINQ is ENOTTY; SO_MEMINFO tells what is queued', (t) => {
  const SIOCINQ = 0x541b;
  const fd = subscribe(t);
  assert.equal(attempt('ioctl', fd, SIOCINQ, new Int32Array(1)), 'ENOTTY');
  const queued = (): number => memoryOf(fd).held;
  assert.deepEqual(memoryOf(fd), { held: 0, most: getBuffer(fd, SO_RCVBUF), drops: 0 });
  produce('1024 1');
  const one = queued();
  assert.ok(one > 1024, `${one}: a message is accounted with its buffer's overhead`);
  produce('1024 2');
  assert.equal(queued(), 2 * one);
  receiveMessage(fd);
  assert.equal(queued(), one);
});

test('a full receive buffer is EAGAIN to the kernel, and ENOBUFS to the reader before what it has', (t) => {
  const fd = subscribe(t);
  setBuffer(fd, SO_RCVBUF, 4096);
  let sent = 0;
  assert.throws(
    () => {
      for (; sent < 1000; sent++) produce(`1024 ${sent}`);
    },
    { code: 'EAGAIN' },
  );
  assert.ok(sent > 1, `${sent} fit`);
  assert.equal(receive(fd), 'ENOBUFS');
  for (let seq = 0; seq < sent; seq++) assert.equal(numberOf(receiveMessage(fd)), BigInt(seq));
  assert.equal(receive(fd), 'EAGAIN');
  produce('1024 2000');
  assert.equal(numberOf(receiveMessage(fd)), 2000n, 'an empty socket takes messages again');
});

test('a subscriber that acknowledges gets one message at a time', (t) => {
  reload(t, 'netlink', 'ack_timeout_ms=20');
  const fd = subscribe(t, acknowledges);
  produce('8 1');
  const first = receiveMessage(fd);
  assert.equal(first.flags & messageFlags.ack, messageFlags.ack);
  assert.throws(() => produce('8 2'), { code: 'ETIMEDOUT' });
  const other = openBound(t);
  assert.equal(ask(other, types.ack, Buffer.alloc(0), first.seq), 'EPERM');
  assert.equal(ask(fd, types.ack, Buffer.alloc(0), first.seq + 1), 'EINVAL');
  assert.equal(ask(fd, types.ack, Buffer.alloc(0), first.seq), 0);
  assert.equal(ask(fd, types.ack, Buffer.alloc(0), first.seq), 'EINVAL', 'once');
  produce('8 2');
  assert.equal(numberOf(receiveMessage(fd)), 2n);
  for (const one of [fd, other]) closeSocket(one);
});

test("a user's message ends with the send buffer: EMSGSIZE", (t) => {
  const fd = openBound(t);
  resetStamps('netlink', 'received');
  // netlink_sendmsg() keeps 32 bytes of it back.
  const bytes = getBuffer(fd, SO_SNDBUF) - 32 - headerBytes;
  const most = messageOf(1, bytes, messageFlags.ack);
  assert.equal(send(fd, most), most.length);
  assert.equal(decodeAnswer(receiveMessage(fd)).error, 0);
  assert.deepEqual(received(), [1n]);
  const beyond = send(fd, Buffer.concat([most, Buffer.alloc(1)]));
  assert.equal(beyond, 'EMSGSIZE');
  assert.equal(send(fd, Buffer.alloc(0)), 'ENODATA', 'a datagram without so much as a header');
  const nothing = ask(fd, types.message, Buffer.alloc(0));
  boundaries(
    { mechanism, direction: 'u2k', subject: 'sendto' },
    {
      empty: {
        bytes: 0,
        result: nothing === 0 ? 'taken' : nothing,
        says: 'in the answer, as messages of this module have a number',
      },
      largest: {
        bytes,
        result: received().length === 1 ? 'taken' : 'nothing',
        says: 'all that SO_SNDBUF lets',
      },
      'one more': { bytes: bytes + 1, result: taken(most.length + 1, beyond), says: 'by the call' },
    },
  );
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'send',
    bytes,
    says: `SO_SNDBUF less 32 bytes and the header; beyond, ${beyond}`,
  });
});

test('between users a message may be a header alone, and ends with the send buffer as well', (t) => {
  const [sender, receiver] = [openBound(t), openBound(t)];
  const to = address(portOf(receiver));
  const most = getBuffer(sender, SO_SNDBUF) - 32 - headerBytes;
  const fates = [0, most, most + 1].map((bytes) => {
    const payload = Buffer.alloc(bytes, 'ringcross');
    // The kernel looks at no field of it.
    const datagram = encodeMessage({ type: types.message, flags: 0, payload }).subarray(
      0,
      headerBytes + bytes,
    );
    const sent = send(sender, datagram, to);
    const got = receive(receiver, headerBytes + bytes);
    assert.equal(typeof sent === 'number', typeof got !== 'string' && got.equals(datagram), `${bytes}`);
    return { bytes, result: taken(datagram.length, sent) };
  });
  const [empty, largest, beyond] = fates;
  assert.ok(empty && largest && beyond);
  assert.deepEqual(
    fates.map(({ result }) => result),
    ['taken', 'taken', 'EMSGSIZE'],
  );
  boundaries(
    { mechanism, direction: 'u2u', subject: 'sendto' },
    {
      empty: { ...empty, says: 'a header alone' },
      largest: { ...largest, says: 'all that SO_SNDBUF lets' },
      'one more': { ...beyond, says: 'by the call' },
    },
  );
});

test("with a larger send buffer the module's own limit is met, in an answer: EMSGSIZE", (t) => {
  const fd = openBound(t);
  setBuffer(fd, SO_SNDBUFFORCE, 2 * largest);
  setBuffer(fd, SO_RCVBUFFORCE, 2 * largest);
  assert.equal(ask(fd, types.message, payloadOf(1, largest)), 0);
  assert.equal(ask(fd, types.message, payloadOf(1, largest + 1)), 'EMSGSIZE');
  assert.throws(() => produce(`${largest + 1} 1`), { code: 'EMSGSIZE' });
});

test("the kernel's message ends with what can be allocated in one piece: ENOMEM", (t) => {
  reload(t, 'netlink', `max_message=${8 << 20}`);
  const fd = subscribe(t);
  let refusal = '';
  const passes = (bytes: number): boolean => {
    try {
      produce(`${bytes} 1 keep`);
    } catch (error) {
      refusal = String((error as NodeJS.ErrnoException).code);
      return false;
    }
    // Larger than the receive buffer: an empty queue takes any message.
    const whole = attempt('recvfrom', fd, 0, 0, MSG_TRUNC | MSG_DONTWAIT, 0, 0);
    assert.equal(whole, headerBytes + Math.ceil(bytes / 4) * 4);
    return true;
  };
  // KMALLOC_MAX_SIZE less the header and struct skb_shared_info: somewhere in its last page.
  let [works, fails] = [(4 << 20) - 4096, 4 << 20];
  assert.ok(works > getBuffer(fd, SO_RCVBUF));
  assert.ok(passes(works) && !passes(fails));
  while (fails - works > 1) {
    const middle = Math.floor((works + fails) / 2);
    if (passes(middle)) works = middle;
    else fails = middle;
  }
  assert.equal(refusal, 'ENOMEM');
  boundaries(
    { mechanism, direction: 'k2u', subject: 'nlmsg_unicast' },
    {
      empty: {
        bytes: 0,
        result: triggered(() => produce('0 1')),
        says: 'by the module, whose messages have a number',
      },
      largest: { bytes: works, result: 'taken', says: 'what nlmsg_new allocates in one piece' },
      'one more': { bytes: fails, result: refusal, says: 'by nlmsg_new' },
    },
  );
  closeSocket(fd);
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'nlmsg_unicast',
    bytes: works,
    says: `what nlmsg_new allocates in one piece; beyond, ${refusal}. The receive buffer is none: an empty queue takes any`,
  });
});

test('a request with one more field works: the kernel passes over what it does not know', (t) => {
  const fd = openBound(t);
  const newer = Buffer.concat([subscription(), Buffer.alloc(8, 0xff)]);
  const answer = ask(fd, types.subscribe, newer);
  produce('8 3');
  const seen = numberOf(receiveMessage(fd));
  // In one datagram with another: nlmsg_len tells where that one begins.
  resetStamps('netlink', 'received');
  const flags = messageFlags.request;
  const two = Buffer.concat([encodeMessage({ type: types.subscribe, flags, payload: newer }), messageOf(4)]);
  assert.equal(send(fd, two), two.length);
  assert.deepEqual([answer, seen, received()], [0, 3n, [4n]]);
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'user to kernel',
    outcome: answer === 0 ? 'works' : 'refused',
    says: 'nlmsg_len tells where the message ends; what is behind the known fields is passed over',
  });
});

test('an old reader of a longer message gets its own fields, and is told that there was more', (t) => {
  const fd = subscribe(t);
  const [old, newer] = [24, 32];
  produce(`${newer} 5`);
  produce(`${old} 6`);
  const datagram = receive(fd, headerBytes + old);
  assert.ok(typeof datagram !== 'string');
  const known = datagram.readBigUInt64LE(headerBytes);
  const said = datagram.readUInt32LE();
  assert.deepEqual([known, datagram.length, said], [5n, headerBytes + old, headerBytes + newer]);
  // NLMSG_OK refuses what is longer than its datagram: a reader that uses it notices.
  assert.throws(() => decodeMessages(datagram), RangeError);
  const next = numberOf(receiveMessage(fd, headerBytes + old));
  assert.equal(next, 6n, 'the next message is not shifted');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'kernel to user',
    outcome: known === 5n && next === 6n ? 'works' : 'silently wrong',
    says: 'the known fields are right and the next message is not shifted; nlmsg_len is more than was received',
  });
});

test('a 32-bit program exchanges messages with the module', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await openTheirs(peer);
  resetStamps('netlink', 'received');
  const sent = 2n ** 40n + 1n;
  const datagram = messageOf(sent, 64);
  const done = await peer.attempt('sendto', theirs, datagram, datagram.length, 0, address(), addressBytes);
  assert.equal(done, datagram.length);
  const arrived = received();
  assert.deepEqual(arrived, [sent]);

  const flags = messageFlags.request | messageFlags.ack;
  const request = encodeMessage({ type: types.subscribe, flags, payload: subscription() });
  assert.equal(
    await peer.attempt('sendto', theirs, request, request.length, 0, address(), addressBytes),
    request.length,
  );
  const bytes = Buffer.alloc(128);
  assert.equal(await peer.attempt('recvfrom', theirs, bytes, 128, MSG_DONTWAIT, 0, 0), 36);
  assert.equal(bytes.readInt32LE(headerBytes), 0);
  produce(`64 ${sent + 1n}`);
  assert.equal(await peer.attempt('recvfrom', theirs, bytes, 128, MSG_DONTWAIT, 0, 0), headerBytes + 64);
  const returned = bytes.readBigUInt64LE(headerBytes);
  assert.equal(returned, sent + 1n);
  finding({
    about: 'portability',
    mechanism,
    subject: 'fields of fixed width',
    outcome: arrived[0] === sent && returned === sent + 1n ? 'works' : 'breaks',
    says: 'every header of netlink has the same layout in both',
  });
});

test('a structure with a long is another one to a 32-bit program', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await openTheirs(peer);
  resetStamps('netlink', 'received');
  // struct { long seq; long value; } of i386, which a 64-bit module reads as one number of 64 bits.
  const payload = Buffer.from(Uint32Array.of(7, 1).buffer);
  const datagram = encodeMessage({ type: types.message, flags: messageFlags.request, payload });
  assert.equal(
    await peer.attempt('sendto', theirs, datagram, datagram.length, 0, address(), addressBytes),
    datagram.length,
  );
  const [read] = received();
  assert.equal(read, 2n ** 32n + 7n);
  finding({
    about: 'portability',
    mechanism,
    subject: 'a structure of two longs',
    outcome: read === 7n ? 'works' : 'breaks',
    says: `not refused: the module reads 7 as ${read}`,
  });
});

test('the trigger, the log and the hold take nothing else', () => {
  assert.throws(() => produce('7 1'), { code: 'EINVAL' });
  assert.throws(() => writeFileSync(debugfs('netlink', 'received'), 'erase'), { code: 'EINVAL' });
  assert.throws(() => writeFileSync(debugfs('netlink', 'hold'), '1'), { code: 'EINVAL' });
  assert.equal(readFileSync(debugfs('netlink', 'produce'), 'latin1'), 'BYTES SEQ [keep]\n');
});

readerDeaths({
  mechanism,
  produce,
  receiveTheirs: async (peer, fd) => {
    const bytes = Buffer.alloc(64);
    assert.equal(await peer.attempt('recvfrom', fd, bytes, 64, 0, 0, 0), headerBytes + 8);
    return bytes.readBigUInt64LE(headerBytes);
  },
  ways: [
    { sender: 'nlmsg_unicast', subscribe: (peer) => subscribeTheirs(peer, 0), gone: 'ECONNREFUSED' },
    { sender: 'nlmsg_multicast', subscribe: (peer) => subscribeTheirs(peer, 4), gone: 'ESRCH' },
  ],
});

test('the message of a sender that is killed while the kernel holds back is taken, whole', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await openTheirs(peer);
  resetStamps('netlink', 'received');
  verifyBelow('netlink', 100);
  t.after(() => verifyBelow('netlink', 0));
  t.after(holdReceiver('netlink'));
  const flags = messageFlags.request;
  const datagram = encodeMessage({ type: types.message, flags, payload: message(7, 4096) });
  await peer.killIn('sendto', theirs, datagram, datagram.length, 0, address(), addressBytes);
  const arrived = received();
  assert.deepEqual(arrived, [7n]);
  const { intact, corrupt } = verified('netlink');
  assert.deepEqual({ intact, corrupt }, { intact: 1, corrupt: 0 });
  finding({
    about: 'death',
    mechanism,
    direction: 'u2k',
    of: 'writer',
    subject: 'blocked in sendto',
    survivor: intact === arrived.length ? 'the whole message' : 'a part of it',
    says: 'copied before the kernel looks at it: never a part',
  });
});

test('between users one that is blocked in sendto learns when the receiver is killed, and leaves nothing when it is killed', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await openTheirs(peer);
  const ours = openBound(t);
  const fill = (port: number): number => {
    for (let seq = 0; seq < 1000; seq++)
      if (send(ours, messageOf(seq, 16384), address(port), MSG_DONTWAIT) === 'EAGAIN') return seq;
    throw new Error('it is not full');
  };

  // Ours is full, and the peer waits for room in it.
  const receiver = openBound(t);
  const fit = fill(portOf(receiver));
  const datagram = messageOf(fit, 16384);
  const to = address(portOf(receiver));
  await peer.killIn('sendto', theirs, datagram, datagram.length, 0, to, addressBytes);
  for (let seq = 0; seq < fit; seq++) assert.equal(numberOf(receiveMessage(receiver, 32768)), BigInt(seq));
  const next = receive(receiver);
  assert.equal(next, 'EAGAIN');
  finding({
    about: 'death',
    mechanism,
    direction: 'u2u',
    of: 'writer',
    subject: 'blocked in sendto',
    survivor: next === 'EAGAIN' ? 'nothing' : 'a message',
    says: 'the message that waited for room is gone; those before it are whole',
  });

  // The other way round.
  const other = await startPeer32();
  t.after(() => other.stop());
  const full = await openTheirs(other);
  const own = address();
  assert.equal(await other.attempt('getsockname', full, own, Uint32Array.of(addressBytes)), 0);
  fill(own.readUInt32LE(4));
  const sending = attemptAsync('sendto', ours, datagram, datagram.length, 0, own, addressBytes);
  await untilBlocked('sendto', ours);
  await other.stop();
  const told = await sending;
  assert.equal(told, 'ECONNREFUSED');
  finding({
    about: 'death',
    mechanism,
    direction: 'u2u',
    of: 'reader',
    subject: 'its writer blocked in sendto',
    survivor: String(told),
    says: 'woken; what the reader had not read is gone, untold',
  });
});

test('a reader that waits keeps the module, and gets the next message', async (t) => {
  const fd = subscribe(t);
  const bytes = Buffer.alloc(64);
  const receiving = attemptAsync('recvfrom', fd, bytes, bytes.length, 0, 0, 0);
  await untilBlocked('recvfrom', fd);
  const survivor = unloading('netlink');
  produce('8 7');
  assert.deepEqual([survivor, await receiving], ['refused: EAGAIN', headerBytes + 8]);
  finding({
    about: 'death',
    mechanism,
    direction: 'k2u',
    of: 'module',
    subject: 'blocked in recvfrom',
    survivor,
    says: 'each socket of the protocol keeps the module',
  });
});

test('each socket of the protocol keeps the module; without it there is no such protocol', (t) => {
  const path = modulePath('netlink');
  const fd = openSocket(t);
  assert.throws(() => unloadModule('netlink'), { code: 'EAGAIN', syscall: 'delete_module' });
  closeSocket(fd);
  unloadModule('netlink');
  t.after(() => loadModule(path));
  assert.equal(attempt('socket', AF_NETLINK, SOCK_RAW, protocol), 'EPROTONOSUPPORT');
});

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('netlink');
  unloadModule('netlink');
  t.after(() => loadModule(path));
  const NETLINK_ROUTE = 0;
  for (const [parameter, code] of [
    ['protocol=32', 'EINVAL'],
    ['protocol=4294967295', 'EINVAL'],
    [`protocol=${NETLINK_ROUTE}`, 'EADDRINUSE'],
    ['groups=31', 'EINVAL'],
    ['groups=1025', 'EINVAL'],
    ['max_message=7', 'EINVAL'],
    ['max_message=8388609', 'EINVAL'],
    ['ack_timeout_ms=0', 'EINVAL'],
    ['ack_timeout_ms=60001', 'EINVAL'],
    ['stamps=0', 'EINVAL'],
  ] as const)
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => error.code === code && error.message.includes(parameter),
      parameter,
    );
});

test('the protocol is the one of the parameter', (t) => {
  reload(t, 'netlink', 'protocol=30');
  assert.equal(attempt('socket', AF_NETLINK, SOCK_RAW, protocol), 'EPROTONOSUPPORT');
  const fd = Number(attempt('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 30));
  resetStamps('netlink', 'received');
  assert.equal(ask(fd, types.message, payloadOf(3)), 0);
  assert.deepEqual(received(), [3n]);
  assert.equal(attempt('close', fd), 0);
});

comesAndGoes('netlink', () => {
  const fd = bindSocket();
  assert.equal(ask(fd, types.subscribe, subscription()), 0);
  assert.equal(ask(fd, types.message, payloadOf(1)), 0);
  produce('8 1');
  assert.equal(numberOf(receiveMessage(fd)), 1n);
  assert.equal(attempt('close', fd), 0);
});
