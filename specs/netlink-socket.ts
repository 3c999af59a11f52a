// Sockets of kmod/netlink's protocol, as its specs use them: opened, asked, sent to and received from.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  attempt,
  debugfs,
  decodeAnswer,
  decodeMessages,
  encodeMessage,
  kernelSide,
  messageFlags,
  type NetlinkMessage,
  type Peer32,
} from 'ringcross/guest';

export const protocol = 31;
/** Of kmod/netlink/netlink-messages.h. */
export const types = { message: 16, subscribe: 17, ack: 18, list: 19, change: 20, unknown: 99 };
export const acknowledges = 1;

export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const [SOL_SOCKET, SOL_NETLINK] = [1, 270];
export const [SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE] = [7, 8, 32, 33];
export const SO_MEMINFO = 55;
const NETLINK_ADD_MEMBERSHIP = 1;
export const [MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT] = [0x2, 0x20, 0x40];
export const headerBytes = 16;
export const addressBytes = 12;

/** struct sockaddr_nl; port 0 is the kernel's. */
export const address = (port = 0, groupMask = 0): Buffer => {
  const bytes = Buffer.alloc(addressBytes);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(port, 4);
  bytes.writeUInt32LE(groupMask, 8);
  return bytes;
};

/** Open sockets of the tests. */
const sockets = new Set<number>();

/** Closes one before its test ends; its number may be another file's from then on. */
export const closeSocket = (fd: number): void => {
  assert.equal(attempt('close', fd), 0);
  sockets.delete(fd);
};

const makeSocket = (type: number = SOCK_RAW): number => {
  const fd = attempt('socket', AF_NETLINK, type | SOCK_CLOEXEC, protocol);
  assert.ok(typeof fd === 'number', `socket: ${fd}`);
  return fd;
};

const bindTo = (fd: number, port: number): void => {
  assert.equal(attempt('bind', fd, address(port), addressBytes), 0);
};

/** A socket with a port, which is the caller's to close. */
export const bindSocket = (): number => {
  const fd = makeSocket();
  bindTo(fd, 0);
  return fd;
};

/** A socket, closed when the test ends. */
export const openSocket = (t: TestContext, type?: number): number => {
  const fd = makeSocket(type);
  sockets.add(fd);
  t.after(() => {
    if (sockets.has(fd)) closeSocket(fd);
  });
  return fd;
};

/** Bound, since only then it can be sent to. */
export const openBound = (t: TestContext, port = 0): number => {
  const fd = openSocket(t);
  bindTo(fd, port);
  return fd;
};

export const portOf = (fd: number): number => {
  const own = address();
  assert.equal(attempt('getsockname', fd, own, Uint32Array.of(addressBytes)), 0);
  return own.readUInt32LE(4);
};

export const join = (fd: number, group: number): number | string =>
  attempt('setsockopt', fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Uint32Array.of(group), 4);

/** The same for a socket of another process. */
export const joinTheirs = async (peer: Peer32, fd: number, group: number): Promise<void> => {
  const value = Uint32Array.of(group);
  assert.equal(await peer.attempt('setsockopt', fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, value, 4), 0);
};

export const setBuffer = (fd: number, option: number, bytes: number): void => {
  assert.equal(attempt('setsockopt', fd, SOL_SOCKET, option, Uint32Array.of(bytes), 4), 0);
};

export const getBuffer = (fd: number, option: number): number => {
  const value = new Uint32Array(1);
  assert.equal(attempt('getsockopt', fd, SOL_SOCKET, option, value, Uint32Array.of(4)), 0);
  return value[0] ?? 0;
};

/**
 * What a socket has: the memory that its queued messages are accounted with, the most that they may be, and how many it
 * has not taken since it was opened.
 */
export const memoryOf = (fd: number): { held: number; most: number; drops: number } => {
  const info = new Uint32Array(9);
  assert.equal(attempt('getsockopt', fd, SOL_SOCKET, SO_MEMINFO, info, Uint32Array.of(info.byteLength)), 0);
  const [held = -1, most = -1] = info;
  return { held, most, drops: info[8] ?? -1 };
};

/** A message's payload: its sequence number, then text. */
export const payloadOf = (seq: number | bigint, bytes = 8): Buffer => {
  const payload = Buffer.alloc(bytes, 'ringcross');
  payload.writeBigUInt64LE(BigInt(seq));
  return payload;
};

export const messageOf = (seq: number | bigint, bytes = 8, flags = 0): Buffer =>
  encodeMessage({ type: types.message, flags: messageFlags.request | flags, payload: payloadOf(seq, bytes) });

export const send = (fd: number, datagram: Buffer, to = address(), flags = 0): number | string =>
  attempt('sendto', fd, datagram, datagram.length, flags, to, addressBytes);

/** The next datagram without waiting, or the name of the error. */
export const receive = (fd: number, room = 4096): Buffer | string => {
  const bytes = Buffer.alloc(room);
  const got = attempt('recvfrom', fd, bytes, room, MSG_DONTWAIT, 0, 0);
  return typeof got === 'number' ? bytes.subarray(0, got) : got;
};

/** As `receive`, for a datagram that must be there and hold one message. */
export const receiveMessage = (fd: number, room = 4096): NetlinkMessage => {
  const datagram = receive(fd, room);
  assert.ok(typeof datagram !== 'string', `recvfrom: ${datagram}`);
  const [message, ...more] = decodeMessages(datagram);
  assert.ok(message);
  assert.deepEqual(more, []);
  return message;
};

export const numberOf = ({ payload }: NetlinkMessage): bigint => payload.readBigUInt64LE();

/** What the kernel answers to a request: 0, or the name of the error. */
export const ask = (fd: number, type: number, payload: Buffer, seq = 0): string | 0 => {
  const flags = messageFlags.request | messageFlags.ack;
  const request = encodeMessage({ type, flags, seq, payload });
  assert.equal(send(fd, request), request.length);
  const answer = decodeAnswer(receiveMessage(fd, headerBytes + 4 + request.length));
  assert.equal(answer.seq, seq);
  return answer.error;
};

/** struct rcnl_subscription. */
export const subscription = (group = 0, flags = 0): Buffer =>
  Buffer.from(Uint32Array.of(group, flags).buffer);

/** A socket that the kernel's messages go to. */
export const subscribe = (t: TestContext, flags = 0): number => {
  const fd = openBound(t);
  assert.equal(ask(fd, types.subscribe, subscription(0, flags)), 0);
  return fd;
};

/** A member of the group that the kernel's messages go to. */
export const subscribeGroup = (t: TestContext, group: number): number => {
  const fd = openBound(t);
  assert.equal(join(fd, group), 0);
  assert.equal(ask(fd, types.subscribe, subscription(group)), 0);
  return fd;
};

export const produce = (order: string): void => writeFileSync(debugfs('netlink', 'produce'), order);

/** The numbers of what the kernel has received since the log was emptied. */
export const received = (): bigint[] => {
  const { stamps } = kernelSide('netlink', 'received');
  return Array.from({ length: stamps.length / 3 }, (_, index) => stamps[3 * index] ?? -1n);
};
