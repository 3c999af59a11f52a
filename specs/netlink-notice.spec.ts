// Who learns of a message that netlink does not deliver, by each way to send one; and how much a larger receive buffer
// takes before the first is lost, by each way to ask for one.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  decodeAnswer,
  decodeMessages,
  finding,
  messageFlags,
  type Needs,
  resetStamps,
  untilBlocked,
  withoutCapability,
} from 'ringcross/guest';
import { triggered } from './answers.ts';
import {
  bufferBytes,
  common,
  lossNotices,
  NETLINK_BROADCAST_ERROR,
  numbers,
  offered,
  readAll,
} from './loss-notice.ts';
import {
  address,
  addressBytes,
  getBuffer,
  join,
  MSG_DONTWAIT,
  memoryOf,
  messageOf,
  numberOf,
  openBound,
  portOf,
  produce,
  receive,
  received,
  receiveMessage,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOL_NETLINK,
  SOL_SOCKET,
  send,
  setBuffer,
  subscribe,
  subscribeGroup,
} from './netlink-socket.ts';

export const needs = { modules: ['netlink'] } satisfies Needs;

const mechanism = 'netlink';

/** The number of the next message, or the name of the error. */
const receiveNumber = (fd: number): number | string => {
  const datagram = receive(fd);
  if (typeof datagram === 'string') return datagram;
  const [message] = decodeMessages(datagram);
  assert.ok(message);
  return Number(numberOf(message));
};

lossNotices({
  mechanism,
  produce: (seq) => produce(`1024 ${seq}`),
  receive: receiveNumber,
  unicast: { subject: 'nlmsg_unicast', open: (t) => subscribe(t) },
  multicast: { subject: 'nlmsg_multicast', open: (t) => subscribeGroup(t, 1) },
});

/** A socket that holds few messages. */
const openSmall = (t: TestContext): number => {
  const fd = openBound(t);
  setBuffer(fd, SO_RCVBUF, bufferBytes);
  return fd;
};

/** What a receiver was told beside the numbers of messages. */
const errorOf = (received: readonly (number | string)[]): string => {
  const errors = received.filter((one) => typeof one === 'string');
  return errors.length > 0 ? common(errors) : 'nothing';
};

/** What a sender is told of each message, by number. */
const offer = (fd: number, to: Buffer, flags: number): string[] =>
  numbers(0, offered).map((seq) => {
    const datagram = messageOf(seq, 1024);
    const sent = send(fd, datagram, to, flags);
    return sent === datagram.length ? 'taken' : String(sent);
  });

test('between users a message that does not fit is EAGAIN to a sender that will not wait, and nothing to the receiver', (t) => {
  const fd = openSmall(t);
  const told = offer(openBound(t), address(portOf(fd)), MSG_DONTWAIT);
  const fit = told.indexOf('EAGAIN');
  assert.ok(fit > 0, `${told}`);
  const sender = common(told.slice(fit));
  assert.equal(common(told.slice(0, fit)), 'taken');
  const received = readAll(() => receiveNumber(fd));
  assert.deepEqual(received, numbers(0, fit));
  assert.equal(memoryOf(fd).drops, 0, 'to the kernel it is no loss');
  finding({
    about: 'loss notice',
    mechanism,
    direction: 'u2u',
    subject: 'sendto, MSG_DONTWAIT',
    sender,
    receiver: errorOf(received),
    says: 'refused: the sender has it still',
  });
});

test('between users a sender that waits does so until there is room, and nothing is lost', async (t) => {
  const fd = openSmall(t);
  const sender = openBound(t);
  const to = address(portOf(fd));
  const fit = offer(sender, to, MSG_DONTWAIT).indexOf('EAGAIN');
  assert.ok(fit > 0);
  const datagram = messageOf(fit, 1024);
  const sending = attemptAsync('sendto', sender, datagram, datagram.length, 0, to, addressBytes);
  await untilBlocked('sendto', sender);
  assert.equal(receiveNumber(fd), 0);
  const sent = await sending;
  assert.equal(sent, datagram.length);
  const received = readAll(() => receiveNumber(fd));
  assert.deepEqual(received, numbers(1, fit + 1));
  finding({
    about: 'loss notice',
    mechanism,
    direction: 'u2u',
    subject: 'sendto',
    sender: sent === datagram.length ? 'waits' : String(sent),
    receiver: errorOf(received),
    says: 'blocked until the receiver had made room: nothing is lost',
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2u',
    loses: 'never',
    condition: 'sendto has returned the size, and the receiver lives until it has read',
    says: 'a full receive buffer makes the sender wait, or is EAGAIN with MSG_DONTWAIT',
  });
});

for (const [named, options] of [
  ['', []],
  [', NETLINK_BROADCAST_ERROR', [NETLINK_BROADCAST_ERROR]],
] as const) {
  const subject = `sendto a group${named}`;
  test(`${subject}: a member that has no room gets ENOBUFS, the user who sends nothing`, (t) => {
    const fd = openSmall(t);
    assert.equal(join(fd, 3), 0);
    for (const option of options)
      assert.equal(attempt('setsockopt', fd, SOL_NETLINK, option, Uint32Array.of(1), 4), 0);
    const sender = common(offer(openBound(t), address(0, 1 << 2), 0));
    assert.equal(sender, 'taken');
    const { drops } = memoryOf(fd);
    assert.ok(drops > 0);
    const received = readAll(() => receiveNumber(fd));
    assert.deepEqual(received, ['ENOBUFS', ...numbers(0, offered - drops)]);
    finding({
      about: 'loss notice',
      mechanism,
      direction: 'u2u',
      subject,
      sender: sender === 'taken' ? 'nothing' : sender,
      receiver: errorOf(received),
      says: 'what becomes of the copies for a group is not told to its sender',
    });
    if (options.length === 0)
      finding({
        about: 'guarantee',
        mechanism,
        subject: 'u2u multicast',
        loses: 'when full',
        condition: 'no sender to a group waits for room',
        says: `a full receive buffer is nothing to the sender, ${errorOf(received)} to the reader`,
      });
  });
}

test('an answer is lost as any message: the request was taken, and its sender is told by ENOBUFS that it lacks some', (t) => {
  const fd = openSmall(t);
  resetStamps(mechanism, 'received');
  const count = 40;
  for (const seq of numbers(0, count)) {
    const request = messageOf(seq, 8, messageFlags.ack);
    assert.equal(send(fd, request), request.length);
  }
  assert.deepEqual(received(), numbers(0, count).map(BigInt));
  const { drops } = memoryOf(fd);
  assert.ok(drops > 0 && drops < count, `${drops} answers lost`);
  const error = receive(fd);
  assert.equal(error, 'ENOBUFS');
  for (let left = count - drops; left > 0; left--) assert.equal(decodeAnswer(receiveMessage(fd)).error, 0);
  assert.equal(receive(fd), 'EAGAIN');
  finding({
    about: 'loss notice',
    mechanism,
    direction: 'k2u',
    subject: 'NLMSG_ERROR, the answer to a request with NLM_F_ACK',
    sender: 'nothing',
    receiver: String(error),
    says: 'the request was taken: only its answer is lost',
  });
});

const wanted = 1 << 20;
const rmemMax = '/proc/sys/net/core/rmem_max';

const setMaximum = (t: TestContext): void => {
  const before = readFileSync(rmemMax, 'latin1');
  t.after(() => writeFileSync(rmemMax, before));
  writeFileSync(rmemMax, `${wanted}`);
};

const setForced = (fd: number): number | string =>
  attempt('setsockopt', fd, SOL_SOCKET, SO_RCVBUFFORCE, Uint32Array.of(wanted), 4);

/** How each asks for 1 MiB, and what it has then, by the two limits of the system. */
const requests: {
  subject: string;
  /** What the call says where it does not take it. */
  ask: (t: TestContext, fd: number) => number | string;
  result: number | string;
  has: (usual: number, maximum: number) => number;
}[] = [
  { subject: 'the usual receive buffer', ask: () => 0, result: 0, has: (usual) => usual },
  {
    subject: 'SO_RCVBUF 1 MiB, the usual rmem_max',
    // It wants no privilege, and is silent about the maximum.
    ask: (_, fd) =>
      withoutCapability('CAP_NET_ADMIN', () =>
        attempt('setsockopt', fd, SOL_SOCKET, SO_RCVBUF, Uint32Array.of(wanted), 4),
      ),
    result: 0,
    // 208 KiB for decades; there are kernels that grant it.
    has: (_, maximum) => 2 * Math.min(wanted, maximum),
  },
  {
    subject: 'SO_RCVBUF 1 MiB, rmem_max 1 MiB',
    ask: (t, fd) => {
      setMaximum(t);
      return attempt('setsockopt', fd, SOL_SOCKET, SO_RCVBUF, Uint32Array.of(wanted), 4);
    },
    result: 0,
    has: () => 2 * wanted,
  },
  {
    subject: 'SO_RCVBUFFORCE 1 MiB',
    ask: (_, fd) => setForced(fd),
    result: 0,
    has: () => 2 * wanted,
  },
  {
    subject: 'SO_RCVBUFFORCE 1 MiB without CAP_NET_ADMIN',
    ask: (_, fd) => withoutCapability('CAP_NET_ADMIN', () => setForced(fd)),
    result: 'EPERM',
    has: (usual) => usual,
  },
];

for (const { subject, ask, result, has } of requests)
  test(`${subject}: so many messages fit before the first is lost`, (t) => {
    const bytes = 4096;
    const maximum = Number(readFileSync(rmemMax, 'latin1'));
    const fd = subscribe(t);
    const usual = getBuffer(fd, SO_RCVBUF);
    const answer = ask(t, fd);
    assert.equal(answer, result);
    const size = getBuffer(fd, SO_RCVBUF);
    assert.equal(size, has(usual, maximum), 'what it was asked for, twice');

    produce(`${bytes} 0`);
    const room = Math.floor(size / memoryOf(fd).held);
    let fit = 1;
    let sender = 'taken';
    for (; fit <= room; fit++) {
      sender = triggered(() => produce(`${bytes} ${fit}`));
      if (sender !== 'taken') break;
    }
    assert.equal(fit, room, 'while all together are not more than what getsockopt says');
    const error = receiveNumber(fd);
    for (let seq = 0; seq < fit; seq++) assert.equal(numberOf(receiveMessage(fd, 2 * bytes)), BigInt(seq));
    assert.deepEqual([sender, error], ['EAGAIN', 'ENOBUFS']);
    finding({
      about: 'loss notice',
      mechanism,
      direction: 'k2u',
      subject: `nlmsg_unicast, ${subject}`,
      sender,
      receiver: String(error),
      says: `${answer === 0 ? '' : `${answer}, so `}${size} B: ${fit} messages of ${bytes} B, then the first is lost`,
    });
  });
