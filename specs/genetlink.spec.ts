// Generic netlink: the family "ringcross", whose commands and attributes kmod/genetlink/genetlink-commands.h lists.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  finding,
  holdReceiver,
  loadModule,
  measure,
  messageFlags,
  messageTypes,
  modulePath,
  type Needs,
  type NetlinkMessage,
  type Peer32,
  poll,
  pollAsync,
  resetStamps,
  sizes,
  startPeer32,
  unloadModule,
  until,
  untilBlocked,
  withoutCapability,
} from 'ringcross/guest';
import { triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';
import {
  answers,
  ask,
  askControl,
  attributes,
  bindSocket,
  commands,
  contentOf,
  control,
  encodeCommand,
  headerBytes,
  NETLINK_GENERIC,
  nothingFor,
  openListener,
  openSocket,
  openSubscriber,
  payloadOf,
  pick,
  produce,
  reasonOf,
  receive,
  receiveOne,
  resolve,
  room,
  send,
  stamped,
  stateValidation,
  u32,
  type Values,
} from './genetlink-socket.ts';
import {
  AF_NETLINK,
  address,
  addressBytes,
  join,
  joinTheirs,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  portOf,
  SO_RCVBUF,
  SOCK_RAW,
  setBuffer,
} from './netlink-socket.ts';
import { readerDeaths } from './reader-death.ts';

export const needs = {
  config: ['CONFIG_IA32_EMULATION'],
  modules: ['genetlink'],
} satisfies Needs;

// The most that an attribute holds, instead of 64 KiB.
const largest = 65531;
const sizesHere = [...sizes.filter((bytes) => bytes < largest), largest];
const common = { mechanism: 'genetlink', kernel: 'genetlink', sizes: sizesHere } as const;

// The user's send of a command that carries the message; the kernel's side is its copy out of the attribute.
measure({ ...common, direction: 'u2k', variant: 'do' });

// The same with the recv of the reply inside the user's window: the whole round trip.
measure({ ...common, direction: 'u2k', variant: 'do-reply' });

// The kernel makes an event and sends it to one port, then the user's recv finds it there.
measure({ ...common, direction: 'k2u', variant: 'event' });

// The same with a reader that waits in recv: its wake-up and the switch to it are part of the transit.
measure({ ...common, direction: 'k2u', variant: 'blocking' });

// The transit ends when the reader's poll returns: the signal alone, without the recv that follows.
measure({ ...common, direction: 'k2u', variant: 'poll' });

// An event to the group: the kernel's send serves all listeners, and each one's recv is a sample of its own.
for (const listeners of [1, 4, 16])
  measure({ ...common, direction: 'k2u', variant: `multicast-${listeners}` });

// A dump of one entry: the kernel's filling of it, then the recv of entry and end in one datagram. What is left of the
// request, whose send calls the filling, is part of the transit only.
measure({ ...common, direction: 'k2u', variant: 'dump' });

const [aNullPointer, aKernelAddress] = [0n, 0xffff_ffff_8100_0000n];

/** A bound socket of another process, with the file number it has there. */
const openTheirs = async (peer: Peer32): Promise<number> => {
  const fd = Number(await peer.attempt('socket', AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
  assert.equal(await peer.attempt('bind', fd, address(), addressBytes), 0);
  return fd;
};

test('a command carries a message to the kernel, and is answered only if it asks for it', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'received');
  const silent = encodeCommand(commands.send, [payloadOf(1)], { flags: 0 });
  assert.equal(send(fd, silent), silent.length);
  nothingFor(fd);
  assert.deepEqual(ask(fd, commands.send, [payloadOf(2)], { seq: 77 }), {
    error: 0,
    seq: 77,
    attributes: [],
  });
  assert.deepEqual(stamped('received'), [1n, 2n]);
});

test('a reply is a message of the family, with the number of the message it replies to', (t) => {
  const fd = openSocket(t);
  const request = encodeCommand(commands.exchange, [payloadOf(42, 100)], { flags: 0, seq: 5 });
  assert.equal(send(fd, request), request.length);
  const reply = receiveOne(fd);
  assert.deepEqual([reply.type, reply.seq], [resolve().id, 5]);
  assert.equal(contentOf(reply).seq, 42n);
});

test('one datagram carries several commands, each answered', (t) => {
  const fd = openSocket(t);
  const both = [1, 2].map((seq) => encodeCommand(commands.send, [payloadOf(seq)], { seq }));
  const datagram = Buffer.concat(both);
  assert.equal(send(fd, datagram), datagram.length);
  assert.deepEqual(
    [receiveOne(fd), receiveOne(fd)].map((one) => decodeAnswer(one).seq),
    [1, 2],
  );
});

test('an event comes whole to the port that subscribed, in its turn', (t) => {
  const fd = openSubscriber(t);
  produce('64 7');
  produce('8 8');
  for (const [seq, bytes] of [
    [7n, 64],
    [8n, 8],
  ] as const) {
    const event = receiveOne(fd);
    const { command, seq: number, payload } = contentOf(event);
    assert.equal(event.type, resolve().id);
    assert.deepEqual([command, number, payload?.length], [commands.event, seq, bytes]);
    assert.equal(payload?.readBigUInt64LE(), seq);
  }
  nothingFor(fd);
});

test('whoever subscribes takes the place of the one before, who then cannot unsubscribe', (t) => {
  const first = openSubscriber(t);
  const second = openSubscriber(t);
  produce('8 1');
  nothingFor(first);
  assert.equal(contentOf(receiveOne(second)).seq, 1n);
  assert.equal(ask(first, commands.unsubscribe, []).error, 'ENOTCONN');
});

test('an event to the group comes to all its members and to nobody else', (t) => {
  const members = [openListener(t), openListener(t)];
  const other = openSocket(t);
  produce('8 3');
  for (const fd of members) assert.equal(contentOf(receiveOne(fd)).seq, 3n);
  nothingFor(other);
});

test('an event is ESRCH when nobody listens, and ECONNREFUSED when the subscriber has died', () => {
  assert.throws(() => produce('8 1'), { code: 'ESRCH' });
  const fd = bindSocket();
  assert.equal(ask(fd, commands.subscribe, []).error, 0);
  assert.equal(attempt('close', fd), 0);
  assert.throws(() => produce('8 1'), { code: 'ECONNREFUSED' });
  assert.throws(() => produce('8 1'), { code: 'ESRCH' }, 'the dead one is forgotten');
});

test('a reader that waits gets the next event', async (t) => {
  const fd = openSubscriber(t);
  const buffer = Buffer.alloc(room);
  const read = attemptAsync('recvfrom', fd, buffer, room, 0, 0, 0);
  await untilBlocked('recvfrom', fd);
  produce('8 9');
  const [event] = decodeMessages(buffer.subarray(0, Number(await read)));
  assert.equal(event && contentOf(event).seq, 9n);
});

test('a reader with too little room gets what fits, and loses the rest', (t) => {
  const fd = openSubscriber(t);
  produce('64 1');
  produce('8 2');
  const whole = headerBytes + 12 + 4 + 64;
  const buffer = Buffer.alloc(32);
  assert.equal(
    attempt('recvfrom', fd, buffer, 32, MSG_PEEK | MSG_TRUNC, 0, 0),
    whole,
    'a peek tells the size',
  );
  assert.equal(attempt('recvfrom', fd, buffer, 32, 0, 0, 0), 32);
  assert.equal(contentOf(receiveOne(fd)).seq, 2n);
});

test('a full buffer is EAGAIN for the kernel, and ENOBUFS once for the reader', (t) => {
  const fd = openSubscriber(t);
  setBuffer(fd, SO_RCVBUF, 1);
  let taken = 0;
  assert.throws(
    () => {
      for (; taken < 1000; taken++) produce('1024 1');
    },
    { code: 'EAGAIN' },
  );
  assert.ok(taken > 0);
  const buffer = Buffer.alloc(room);
  const reads = Array.from({ length: taken + 2 }, () =>
    attempt('recvfrom', fd, buffer, room, MSG_DONTWAIT, 0, 0),
  );
  assert.equal(reads[0], 'ENOBUFS');
  assert.equal(reads.filter((one) => typeof one === 'number').length, taken, 'what was there before stays');
  assert.equal(reads.at(-1), 'EAGAIN');
});

test('a waiter in poll and one in epoll are woken by an event', async (t) => {
  const fd = openSubscriber(t);
  assert.deepEqual(poll(fd), ['out']);
  const polled = pollAsync(fd, ['in'], 10_000);
  await untilBlocked('poll');
  produce('8 1');
  const byPoll = await polled;
  assert.deepEqual(byPoll, ['in']);
  receiveOne(fd);
  assert.deepEqual(poll(fd, ['in']), []);

  const epoll = Number(attempt('epoll_create1', 0));
  t.after(() => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event: EPOLLIN, then 64 bits that come back.
  assert.equal(attempt('epoll_ctl', epoll, 1, fd, Uint32Array.of(1, 7, 0)), 0);
  const event = new Uint32Array(3);
  const waiting = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  produce('8 2');
  const byEpoll = await waiting;
  assert.equal(byEpoll, 1);
  assert.deepEqual([...event], [1, 7, 0]);
  finding({
    about: 'signalling',
    mechanism: 'genetlink',
    subject: 'event',
    works: byPoll.includes('in') && byEpoll === 1,
    says: 'poll and epoll are woken',
  });
});

/** The entries of a dump, datagram after datagram, to its end. */
const dump = (fd: number, values: Values): NetlinkMessage[][] => {
  const request = encodeCommand(commands.list, values, { flags: messageFlags.dump });
  assert.equal(send(fd, request), request.length);
  const datagrams: NetlinkMessage[][] = [];
  do datagrams.push(receive(fd));
  while (datagrams.at(-1)?.at(-1)?.type !== messageTypes.done);
  return datagrams;
};

test('a dump of one entry is one datagram: the entry, and the end of the dump', (t) => {
  const fd = openSocket(t);
  for (const bytes of [8, 16384, largest]) {
    const [[entry, end, ...more] = [], ...others] = dump(fd, [
      [attributes.seq, 5n],
      [attributes.bytes, u32(bytes)],
    ]);
    assert.ok(entry && end);
    assert.deepEqual([more, others], [[], []]);
    assert.deepEqual([entry.flags, end.type], [messageFlags.multi, messageTypes.done]);
    const { command, seq, payload } = contentOf(entry);
    assert.deepEqual([command, seq, payload?.length], [commands.list, 5n, bytes]);
  }
});

test('a long dump comes in several datagrams, each made when the one before is read', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'sent');
  const count = 100;
  const request = encodeCommand(
    commands.list,
    [
      [attributes.bytes, u32(1024)],
      [attributes.count, u32(count)],
    ],
    { flags: messageFlags.dump },
  );
  assert.equal(send(fd, request), request.length);
  const seen: (bigint | undefined)[] = [];
  for (let last = false; !last; ) {
    const made = stamped('sent').length;
    const datagram = receive(fd);
    const entries = datagram.filter(({ type }) => type !== messageTypes.done);
    last = entries.length < datagram.length;
    seen.push(...entries.map((one) => contentOf(one).seq));
    assert.ok(made < count || last, `${made} entries made before the last datagram`);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, index) => BigInt(index)),
  );
});

test('while a dump is under way its socket gets no other, and the module stays', (t) => {
  const fd = bindSocket();
  const values: Values = [
    [attributes.bytes, u32(largest)],
    [attributes.count, u32(3)],
  ];
  const request = encodeCommand(commands.list, values, { flags: messageFlags.dump });
  assert.equal(send(fd, request), request.length);
  const survivor = unloading('genetlink');
  assert.equal(survivor, 'refused: EAGAIN');
  finding({
    about: 'death',
    mechanism: 'genetlink',
    direction: 'k2u',
    of: 'module',
    subject: 'a dump under way',
    survivor,
    says: 'a dump keeps the module, until it is read to its end or its socket closed',
  });
  assert.equal(send(fd, request), request.length);
  const [first] = receive(fd);
  assert.equal(first && contentOf(first).seq, 0n);
  assert.equal(decodeAnswer(receiveOne(fd)).error, 'EBUSY');
  // Closing it ends the dump, and the module can go.
  assert.equal(attempt('close', fd), 0);
  const path = modulePath('genetlink');
  t.after(() => loadModule(path));
  unloadModule('genetlink');
});

/**
 * What the kernel says is wrong with each: the errno, the sentence, of which kernels have had more than one, and where in the
 * message. Where `unchecked`, there are kernels that pass over it.
 */
const refusals: Record<
  string,
  {
    command: number;
    values: Values;
    raw?: Buffer;
    answer: [errno: string, says: string | string[], offset: number | undefined];
    unchecked?: true;
  }
> = {
  'a payload without room for its number': {
    command: commands.send,
    values: [[attributes.payload, Buffer.alloc(7)]],
    answer: ['ERANGE', 'binary attribute size out of range', headerBytes],
  },
  'an attribute that the family does not know': {
    command: commands.send,
    values: [payloadOf(1), [9, 1n]],
    answer: ['EINVAL', 'Unknown attribute type', headerBytes + 12],
  },
  'an attribute of another command': {
    command: commands.send,
    values: [[attributes.seq, 1n], payloadOf(1)],
    answer: ['EINVAL', 'Unsupported attribute', headerBytes],
  },
  'an attribute for a command that takes none': {
    command: commands.subscribe,
    values: [[attributes.seq, 1n]],
    answer: ['EINVAL', ['Attribute failed policy validation', 'Unknown attribute type'], headerBytes],
    unchecked: true,
  },
  'a number of the wrong width': {
    command: commands.list,
    values: [
      [attributes.bytes, u32(8)],
      [attributes.seq, u32(1)],
    ],
    answer: ['EINVAL', 'invalid attribute length', headerBytes + 8],
  },
  'a number out of its range': {
    command: commands.list,
    values: [[attributes.bytes, u32(7)]],
    answer: ['ERANGE', 'integer out of range', headerBytes],
  },
  'a count of none': {
    command: commands.list,
    values: [
      [attributes.bytes, u32(8)],
      [attributes.count, u32(0)],
    ],
    answer: ['ERANGE', 'integer out of range', headerBytes + 8],
  },
  'an attribute that is longer than the message': {
    command: commands.send,
    values: [],
    raw: Buffer.from(Uint16Array.of(13, attributes.payload, 1, 0, 0, 0).buffer),
    answer: ['EINVAL', 'bytes leftover after parsing attributes', undefined],
  },
  'an attribute that is shorter than its header': {
    command: commands.send,
    values: [],
    raw: Buffer.from(Uint16Array.of(3, attributes.payload, 1, 0, 0, 0).buffer),
    answer: ['EINVAL', 'bytes leftover after parsing attributes', undefined],
  },
};

for (const [what, { command, values, raw, answer, unchecked }] of Object.entries(refusals))
  test(`${what} is refused, with the reason and its place${unchecked ? ', or not looked at' : ''}`, (t) => {
    const fd = openSocket(t);
    resetStamps('genetlink', 'received');
    const asks = command === commands.list ? messageFlags.dump | messageFlags.ack : messageFlags.ack;
    const answered = ask(fd, command, values, { flags: asks, ...(raw && { raw }) });
    const [words, offset] = reasonOf(answered.attributes);
    if (answered.error === 0) assert.ok(unchecked, 'taken for good');
    else {
      const [errno, says, place] = answer;
      assert.deepEqual([answered.error, offset], [errno, place]);
      assert.ok([says].flat().includes(String(words)), `the reason is ${words}`);
    }
    stateValidation(what, answered);
    assert.deepEqual(stamped('received'), []);
  });

test('a required attribute that is missing is refused, by its type where the kernel tells it', (t) => {
  const fd = openSocket(t);
  for (const [command, name, type, flags] of [
    [commands.send, 'a send', attributes.payload, messageFlags.ack],
    [commands.exchange, 'an exchange', attributes.payload, messageFlags.ack],
    [commands.list, 'a dump', attributes.bytes, messageFlags.dump],
  ] as const) {
    const answered = ask(fd, command, [], { flags });
    const told = pick(answered.attributes, answers.missingType)?.readUInt32LE();
    assert.equal(answered.error, 'EINVAL');
    assert.ok(told === undefined || told === type, `missing is ${type}, the answer names ${told}`);
    stateValidation(
      `${name} without its attribute`,
      answered,
      told === undefined ? 'which is missing is not told' : 'with the type of the missing one',
    );
  }
});

test('a command that is none, or not done in this way, is ENOTSUP', (t) => {
  const fd = openSocket(t);
  const values = [payloadOf(1)];
  for (const command of [0, commands.event, 99]) assert.equal(ask(fd, command, values).error, 'ENOTSUP');
  assert.equal(ask(fd, commands.list, [[attributes.bytes, u32(8)]]).error, 'ENOTSUP', 'a dump as a do');
  const flags = messageFlags.dump;
  assert.equal(ask(fd, commands.send, values, { flags }).error, 'ENOTSUP', 'a do as a dump');
});

test('the version is carried and not checked', (t) => {
  assert.equal(ask(openSocket(t), commands.send, [payloadOf(1)], { version: 99 }).error, 0);
});

test('what is reserved is refused if it is not zero, or not looked at', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'received');
  const request = encodeCommand(commands.send, [payloadOf(1)]);
  request.writeUInt16LE(1, headerBytes - 2);
  assert.equal(send(fd, request), request.length);
  const answered = decodeAnswer(receiveOne(fd));
  const [words, offset] = reasonOf(answered.attributes);
  // A kernel that does not look at it takes the message as any other.
  const isTaken = answered.error === 0;
  if (!isTaken)
    assert.deepEqual(
      [answered.error, words, offset],
      ['EINVAL', 'genlmsghdr.reserved field is not 0', undefined],
    );
  stateValidation('a reserved field that is not zero', answered);
  assert.deepEqual(stamped('received'), isTaken ? [1n] : []);
});

test('a message that is no request is acknowledged, and not looked at', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'received');
  const request = encodeCommand(commands.send, [payloadOf(1)]);
  request.writeUInt16LE(messageFlags.ack, 6);
  assert.equal(send(fd, request), request.length);
  assert.equal(decodeAnswer(receiveOne(fd)).error, 0);
  assert.deepEqual(stamped('received'), []);
});

test('a message whose length cannot be is passed over without an answer', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'received');
  for (const length of [0, 15, 33]) {
    const request = encodeCommand(commands.send, [payloadOf(1)]);
    assert.equal(request.length, 32);
    request.writeUInt32LE(length, 0);
    assert.equal(send(fd, request), request.length);
    nothingFor(fd);
  }
  assert.equal(send(fd, Buffer.alloc(1)), 1, 'no room for a header');
  nothingFor(fd);
  assert.equal(send(fd, Buffer.alloc(0)), 'ENODATA');
  assert.deepEqual(stamped('received'), []);
});

test('a message without a header of generic netlink is EINVAL', (t) => {
  const fd = openSocket(t);
  const payload = Buffer.alloc(0);
  const flags = messageFlags.request | messageFlags.ack;
  const request = encodeMessage({ type: resolve().id, flags, payload });
  assert.equal(send(fd, request), request.length);
  assert.equal(decodeAnswer(receiveOne(fd)).error, 'EINVAL');
});

test('a bad pointer is EFAULT, and loses the event where the kernel notices as late as at the copy', (t) => {
  const fd = openSubscriber(t);
  resetStamps('genetlink', 'received');
  for (const [where, stays] of [
    [aNullPointer, false],
    [aKernelAddress, true],
  ] as const) {
    assert.equal(attempt('sendto', fd, where, 32, 0, 0, 0), 'EFAULT');
    produce('8 1');
    assert.equal(attempt('recvfrom', fd, where, 64, 0, 0, 0), 'EFAULT');
    assert.deepEqual(poll(fd, ['in']), stays ? ['in'] : []);
  }
  assert.deepEqual(stamped('received'), []);
});

test('a family is found by its name, and one that is not there is ENOENT', (t) => {
  const fd = openSocket(t);
  const all = decodeAttributes(askControl(fd, 'ringcross').payload.subarray(4));
  assert.equal(pick(all, control.familyName)?.toString(), 'ringcross\0');
  assert.equal(pick(all, control.version)?.readUInt32LE(), 1);
  assert.equal(decodeAnswer(askControl(fd, 'nobody')).error, 'ENOENT');
  assert.equal(ask(fd, commands.send, [payloadOf(1)], { family: 1023 }).error, 'ENOENT');
});

test('nobody registers a number: the kernel gives a family the next one', () => {
  const path = modulePath('genetlink');
  const before = resolve().id;
  unloadModule('genetlink');
  loadModule(path);
  assert.ok(resolve().id > before, `${resolve().id} after ${before}`);
});

test('there are more families than protocols of netlink, of which there are 32', () => {
  const protocols = 32;
  assert.equal(attempt('socket', AF_NETLINK, SOCK_RAW, protocols), 'EPROTONOSUPPORT');
  const path = modulePath('genetlink');
  // Each time it is loaded, the family has a higher number.
  for (let round = 0; round < protocols && resolve().id < protocols; round++) {
    unloadModule('genetlink');
    loadModule(path);
  }
  assert.ok(resolve().id >= protocols);
});

test('only a command that says so wants CAP_NET_ADMIN: of who opened the socket and of who sends', (t) => {
  const privileged = openSocket(t);
  const unprivileged = withoutCapability('CAP_NET_ADMIN', () => {
    const opened = openSocket(t);
    for (const fd of [privileged, opened]) {
      assert.equal(ask(fd, commands.send, [payloadOf(1)]).error, 0);
      assert.equal(ask(fd, commands.subscribe, []).error, 'EPERM');
    }
    return opened;
  });
  assert.equal(ask(unprivileged, commands.subscribe, []).error, 'EPERM');
  assert.equal(ask(privileged, commands.subscribe, []).error, 0);
  assert.equal(ask(privileged, commands.unsubscribe, []).error, 0);
});

test('a message is as long as an attribute can be, both ways', (t) => {
  const fd = openSubscriber(t);
  assert.equal(ask(fd, commands.send, [payloadOf(1, largest)]).error, 0);
  // One byte more, and the length, which counts a header of four and has 16 bits, is 0.
  const wrapped = Buffer.alloc(4 + largest + 1);
  wrapped.writeUInt16LE(wrapped.length & 0xffff, 0);
  wrapped.writeUInt16LE(attributes.payload, 2);
  const sentBeyond = ask(fd, commands.send, [], { raw: wrapped }).error;
  assert.equal(sentBeyond, 'EINVAL');

  produce(`${largest} 2`);
  assert.equal(contentOf(receiveOne(fd)).payload?.length, largest);
  assert.throws(() => produce(`${largest + 1} 3`), { code: 'EMSGSIZE' });
  nothingFor(fd);
  const commandOf = (bytes: number): string => {
    const values: Values = [[attributes.payload, Buffer.alloc(bytes, 1)]];
    const { error } = ask(fd, commands.send, values);
    return error === 0 ? 'taken' : error;
  };
  boundaries(
    { mechanism: 'genetlink', direction: 'u2k', subject: 'do' },
    {
      empty: { bytes: 0, result: commandOf(0), says: 'in the answer, by the policy' },
      largest: { bytes: largest, result: commandOf(largest), says: 'the most that an attribute holds' },
      'one more': {
        bytes: largest + 1,
        result: sentBeyond,
        says: 'in the answer: its length, of 16 bits, is 0',
      },
    },
  );
  const eventOf = (bytes: number): string => {
    const result = triggered(() => produce(`${bytes} 4`));
    if (result === 'taken') assert.equal(contentOf(receiveOne(fd)).payload?.length, bytes);
    return result;
  };
  boundaries(
    { mechanism: 'genetlink', direction: 'k2u', subject: 'event' },
    {
      empty: { bytes: 0, result: eventOf(0), says: 'by the module, whose messages have a number' },
      largest: { bytes: largest, result: eventOf(largest), says: 'the most that an attribute holds' },
      'one more': {
        bytes: largest + 1,
        result: eventOf(largest + 1),
        says: 'by the module: no attribute holds it',
      },
    },
  );
  for (const [subject, beyond] of [
    ['do', sentBeyond],
    ['event', 'EMSGSIZE'],
  ] as const)
    finding({
      about: 'transfer limit',
      mechanism: 'genetlink',
      subject,
      bytes: largest,
      says: `an attribute's length has 16 bits: ${beyond}`,
    });
});

test('an old kernel refuses a command with a new attribute', (t) => {
  const fd = openSocket(t);
  resetStamps('genetlink', 'received');
  const { error } = ask(fd, commands.send, [payloadOf(1), [9, 1n]]);
  const outcome = error === 0 ? 'works' : 'refused';
  assert.deepEqual([outcome, error, stamped('received')], ['refused', 'EINVAL', []]);
  finding({
    about: 'extensibility',
    mechanism: 'genetlink',
    subject: 'a newer program, an older kernel',
    outcome,
    says: `an unknown attribute: ${error}`,
  });
});

test('an old reader passes over a new attribute of an event', (t) => {
  const fd = openSubscriber(t);
  produce('64 7');
  const event = receiveOne(fd);
  // SEQ comes first: to a reader that was written when there was only PAYLOAD, it is the new one.
  assert.deepEqual(contentOf(event).types, [attributes.seq, attributes.payload]);
  const known = decodeAttributes(event.payload.subarray(4)).filter(({ type }) => type === attributes.payload);
  assert.deepEqual([known.length, known[0]?.value.length, known[0]?.value.readBigUInt64LE()], [1, 64, 7n]);
  finding({
    about: 'extensibility',
    mechanism: 'genetlink',
    subject: 'a newer kernel, an older program',
    outcome: known[0]?.value.readBigUInt64LE() === 7n ? 'works' : 'silently wrong',
    says: 'an unknown attribute is passed over',
  });
});

test('a 32-bit program sends and receives the same messages', async (t) => {
  await using peer = await startPeer32();
  const fd = await openTheirs(peer);
  const sendTheirs = async (datagram: Buffer) =>
    assert.equal(await peer.attempt('sendto', fd, datagram, datagram.length, 0, 0, 0), datagram.length);
  const receiveTheirs = async () => {
    const buffer = Buffer.alloc(room);
    const got = await peer.attempt('recvfrom', fd, buffer, room, MSG_DONTWAIT, 0, 0);
    assert.ok(typeof got === 'number', `recvfrom: ${got}`);
    return decodeMessages(buffer.subarray(0, got));
  };
  resetStamps('genetlink', 'received');
  await sendTheirs(encodeCommand(commands.exchange, [payloadOf(11, 100)], { flags: 0 }));
  const [reply] = await receiveTheirs();
  assert.equal(reply && contentOf(reply).seq, 11n);
  assert.deepEqual(stamped('received'), [11n]);

  // The same bytes in a structure with pointers, struct msghdr, which the kernel translates.
  const command = encodeCommand(commands.exchange, [payloadOf(12)], { flags: 0 });
  const vector = await peer.place(Uint32Array.of(await peer.place(command), command.length));
  assert.equal(
    await peer.attempt('sendmsg', fd, Uint32Array.of(0, 0, vector, 1, 0, 0, 0), 0),
    command.length,
  );
  assert.deepEqual(
    (await receiveTheirs()).map((one) => contentOf(one).seq),
    [12n],
  );

  const ours = openListener(t);
  await joinTheirs(peer, fd, resolve().group);
  produce('100 13');
  assert.deepEqual(await receiveTheirs(), receive(ours), 'the same event, byte for byte');
  finding({
    about: 'portability',
    mechanism: 'genetlink',
    subject: 'commands, replies, events',
    outcome: 'works',
    says: 'attributes have the same width for both',
  });

  // A C structure inside a binary attribute is whatever the program's compiler makes of it.
  await sendTheirs(encodeCommand(commands.send, [[attributes.payload, u32(14)]]));
  const [answer] = await receiveTheirs();
  assert.ok(answer);
  const { error } = decodeAnswer(answer);
  assert.equal(error, 'ERANGE');
  finding({
    about: 'portability',
    mechanism: 'genetlink',
    subject: 'a long in a binary attribute',
    outcome: 'breaks',
    says: `4 bytes instead of 8: ${error} by the policy`,
  });
});

for (const [subject, flags] of [
  ['send', 0],
  ['send, MSG_DONTWAIT', MSG_DONTWAIT],
] as const)
  test(`${subject} returns when the kernel has taken the message`, async (t) => {
    const fd = openSocket(t);
    const datagram = encodeCommand(commands.send, [payloadOf(1)], { flags: 0 });
    resetStamps('genetlink', 'received');
    let returned = false;
    let earlier: boolean;
    // While it is open, the kernel's receiver waits.
    const hold = openSync(debugfs('genetlink', 'hold'), 'r');
    const sent = attemptAsync('sendto', fd, datagram, datagram.length, flags, 0, 0).finally(() => {
      returned = true;
    });
    try {
      await untilBlocked('sendto', fd);
      earlier = returned;
      assert.deepEqual([earlier, stamped('received')], [false, []]);
    } finally {
      closeSync(hold);
    }
    assert.equal(await sent, datagram.length);
    assert.deepEqual(stamped('received'), [1n]);
    finding({
      about: 'synchrony',
      mechanism: 'genetlink',
      direction: 'u2k',
      subject,
      returns: earlier ? 'before' : 'after',
      says: 'blocked while the kernel held back: its callback runs inside the call',
    });
  });

test('a sender that is killed while the kernel holds back is gone at once, and its message with it', async (t) => {
  await using peer = await startPeer32();
  const fd = Number(await peer.attempt('socket', AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
  const datagram = encodeCommand(commands.send, [payloadOf(1, 4096)], { flags: 0 });
  resetStamps('genetlink', 'received');
  const release = holdReceiver('genetlink');
  t.after(release);
  await peer.killIn('sendto', fd, datagram, datagram.length, 0, 0, 0);
  release();
  const taken = stamped('received');
  assert.deepEqual(taken, []);
  finding({
    about: 'death',
    mechanism: 'genetlink',
    direction: 'u2k',
    of: 'writer',
    subject: 'blocked in sendto',
    survivor: taken.length === 0 ? 'nothing' : 'a message',
    says: 'the command is given up before it has taken anything',
  });
});

readerDeaths({
  mechanism: 'genetlink',
  produce,
  receiveTheirs: async (peer, fd) => {
    const bytes = Buffer.alloc(64);
    const got = await peer.attempt('recvfrom', fd, bytes, bytes.length, 0, 0, 0);
    const [event] = decodeMessages(bytes.subarray(0, Number(got)));
    assert.ok(event);
    return contentOf(event).seq ?? -1n;
  },
  ways: [
    {
      sender: 'genlmsg_unicast',
      subscribe: async (peer) => {
        const fd = await openTheirs(peer);
        const request = encodeCommand(commands.subscribe, [], { flags: 0 });
        const sent = await peer.attempt('sendto', fd, request, request.length, 0, 0, 0);
        assert.equal(sent, request.length);
        return fd;
      },
      gone: 'ECONNREFUSED',
    },
    {
      sender: 'genlmsg_multicast',
      subscribe: async (peer) => {
        const fd = await openTheirs(peer);
        await joinTheirs(peer, fd, resolve().group);
        return fd;
      },
      gone: 'ESRCH',
    },
  ],
});

test('the family goes while a reader waits for its events, who is not told; who listens to the controller is', async (t) => {
  const path = modulePath('genetlink');
  const fd = openListener(t);
  const ours = openSocket(t);
  const observer = openSocket(t);
  assert.equal(join(observer, control.notifyGroup), 0);
  const { id } = resolve();
  const buffer = Buffer.alloc(room);
  const receiving = attemptAsync('recvfrom', fd, buffer, room, 0, 0, 0);
  await untilBlocked('recvfrom', fd);

  const outcome = unloading('genetlink');
  t.after(() => loadModule(path));
  assert.equal(outcome, 'unloaded');
  const { error } = ask(ours, commands.send, [payloadOf(1)], { family: id });
  assert.equal(error, 'ENOENT');
  const notices = [receiveOne(observer), receiveOne(observer)].map(({ type, payload }) => [
    type,
    payload.readUInt8(0),
    pick(decodeAttributes(payload.subarray(4)), control.familyName)?.toString(),
  ]);
  assert.deepEqual(notices, [
    [control.id, control.deleteGroup, 'ringcross\0'],
    [control.id, control.deleteFamily, 'ringcross\0'],
  ]);
  // It waits on, for a group that nobody sends to: what ends it comes from a user.
  await untilBlocked('recvfrom', fd);
  const datagram = encodeMessage({ type: id, flags: 0, payload: Buffer.from('not the kernel') });
  const to = address(portOf(fd));
  assert.equal(attempt('sendto', ours, datagram, datagram.length, 0, to, addressBytes), datagram.length);
  const got = await receiving;
  assert.equal(got, datagram.length);
  const isTold = !buffer.subarray(0, datagram.length).equals(datagram);
  assert.equal(isTold, false);
  for (const [direction, subject, survivor, says] of [
    [
      'k2u',
      'blocked in recvfrom',
      isTold ? 'a message' : 'nothing',
      'it waits on; only the group "notify" of the controller is told, by CTRL_CMD_DELFAMILY',
    ],
    ['u2k', 'between two commands', String(error), "the number of the family is nobody's"],
  ] as const)
    finding({ about: 'death', mechanism: 'genetlink', direction, of: 'module', subject, survivor, says });
});

test('a signal that ends the wait of a command is ECANCELED in the answer, and nothing is taken', async () => {
  await using peer = await startPeer32();
  const fd = Number(await peer.attempt('socket', AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
  const datagram = encodeCommand(commands.send, [payloadOf(1)]);
  resetStamps('genetlink', 'received');
  const hold = openSync(debugfs('genetlink', 'hold'), 'r');
  try {
    const sent = peer.attempt('sendto', fd, datagram, datagram.length, 0, 0, 0);
    await peer.untilBlocked('sendto', fd);
    process.kill(peer.pid, 'SIGSTOP');
    await until('the sender is stopped', () =>
      readFileSync(`/proc/${peer.pid}/stat`, 'latin1').includes(') T '),
    );
    process.kill(peer.pid, 'SIGCONT');
    assert.equal(await sent, datagram.length);
  } finally {
    closeSync(hold);
  }
  const buffer = Buffer.alloc(room);
  const got = await peer.attempt('recvfrom', fd, buffer, room, MSG_DONTWAIT, 0, 0);
  const [answer] = decodeMessages(buffer.subarray(0, Number(got)));
  assert.equal(answer && decodeAnswer(answer).error, 'ECANCELED');
  assert.deepEqual(stamped('received'), []);
});

for (const [subject, open] of [
  ['genlmsg_unicast', openSubscriber],
  ['genlmsg_multicast', openListener],
] as const)
  test(`${subject} returns before anybody has received`, (t) => {
    const fd = open(t);
    resetStamps('genetlink', 'sent');
    produce('8 21');
    // The kernel's send has its end, and the event still lies in the socket.
    const waits = poll(fd, ['in']);
    assert.deepEqual([stamped('sent'), waits], [[21n], ['in']]);
    assert.equal(contentOf(receiveOne(fd)).seq, 21n);
    finding({
      about: 'synchrony',
      mechanism: 'genetlink',
      direction: 'k2u',
      subject,
      returns: waits.includes('in') ? 'before' : 'after',
      says: 'had returned while the event lay in the socket',
    });
  });

test('two senders at once lose nothing and take nothing twice', async (t) => {
  const fds = [openSocket(t), openSocket(t)];
  resetStamps('genetlink', 'received');
  const datagrams = Array.from({ length: 100 }, (_, seq) =>
    encodeCommand(commands.send, [payloadOf(seq, 1024)], { flags: 0 }),
  );
  const results = await Promise.all(
    datagrams.map((datagram, seq) =>
      attemptAsync('sendto', fds[seq % 2] ?? -1, datagram, datagram.length, 0, 0, 0),
    ),
  );
  assert.deepEqual(
    results,
    datagrams.map(({ length }) => length),
  );
  assert.deepEqual(
    stamped('received').sort((a, b) => Number(a - b)),
    datagrams.map((_, seq) => BigInt(seq)),
  );
  finding({
    about: 'guarantee',
    mechanism: 'genetlink',
    subject: 'u2k',
    loses: 'never',
    condition: 'sendto has returned the size; whether the command is refused, only its answer tells',
    says: `the kernel's callback runs inside the call: of ${datagrams.length} commands of two senders none is lost`,
  });
});

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('genetlink');
  unloadModule('genetlink');
  t.after(() => loadModule(path));
  for (const value of [0, 7, largest + 1])
    assert.throws(() => loadModule(path, `max_message=${value}`), { code: 'EINVAL', message: /max_message/ });
});

test('a parameter sets the policy', (t) => {
  const path = modulePath('genetlink');
  unloadModule('genetlink');
  loadModule(path, 'max_message=64');
  const fd = bindSocket();
  t.after(() => {
    assert.equal(attempt('close', fd), 0);
    unloadModule('genetlink');
    loadModule(path);
  });
  assert.equal(ask(fd, commands.send, [payloadOf(1, 64)]).error, 0);
  const { error, attributes: said } = ask(fd, commands.send, [payloadOf(1, 65)]);
  assert.deepEqual([error, ...reasonOf(said)], ['ERANGE', 'binary attribute size out of range', headerBytes]);
  assert.throws(() => produce('65 1'), { code: 'EMSGSIZE' });
});

comesAndGoes('genetlink', () => {
  const fd = bindSocket();
  assert.equal(ask(fd, commands.subscribe, []).error, 0);
  produce('8 1');
  assert.equal(contentOf(receiveOne(fd)).seq, 1n);
  assert.equal(dump(fd, [[attributes.bytes, u32(1024)]]).length, 1);
  assert.equal(attempt('close', fd), 0);
});
