// Sockets of generic netlink and the family "ringcross" of kmod/genetlink, as its specs use them: opened, asked, sent to
// and received from.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  attempt,
  debugfs,
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  finding,
  kernelSide,
  messageFlags,
  type NetlinkAnswer,
  type NetlinkAttribute,
  type NetlinkMessage,
} from 'ringcross/guest';
import {
  AF_NETLINK,
  address,
  addressBytes,
  join,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
} from './netlink-socket.ts';

export const NETLINK_GENERIC = 16;
const NETLINK_EXT_ACK = 11;

/** The controller of generic netlink, whose number is fixed. */
export const control = {
  id: 0x10,
  /** Told when a family comes or goes. */
  notifyGroup: 0x10,
  getFamily: 3,
  deleteFamily: 2,
  deleteGroup: 8,
  familyId: 1,
  familyName: 2,
  version: 3,
  groups: 7,
  groupName: 1,
  groupId: 2,
};
export const commands = {
  send: 1,
  exchange: 2,
  event: 3,
  subscribe: 4,
  unsubscribe: 5,
  list: 6,
  table: 7,
  change: 8,
};
export const attributes = { seq: 1, payload: 2, bytes: 3, count: 4, index: 6, value: 7, generation: 8 };
/** Of an extended answer: NLMSGERR_ATTR_*. */
export const answers = { message: 1, offset: 2, missingType: 5 };
/** Of a message: where its attributes begin, after struct nlmsghdr and struct genlmsghdr. */
export const headerBytes = 20;
export const room = 1 << 17;

/** A socket with a port, closed when the test ends; its answers say what was wrong. */
export const openSocket = (t: TestContext): number => {
  const fd = bindSocket();
  t.after(() => assert.equal(attempt('close', fd), 0));
  return fd;
};

export const bindSocket = (): number => {
  const fd = Number(attempt('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
  assert.equal(attempt('bind', fd, address(), addressBytes), 0);
  assert.equal(attempt('setsockopt', fd, SOL_NETLINK, NETLINK_EXT_ACK, Int32Array.of(1), 4), 0);
  return fd;
};

/** A value of 32 bits. */
export const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

/** What the module takes as a message: its number first. */
export const message = (seq: number, bytes = 8): Buffer => {
  const body = Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));
  body.writeBigUInt64LE(BigInt(seq));
  return body;
};

export type Values = Parameters<typeof encodeAttributes>;

export interface Command {
  flags?: number;
  seq?: number;
  version?: number;
  family?: number;
  /** The encoded attributes, where `encodeAttributes` would not make them so. */
  raw?: Buffer;
}

/** A command to the family, acknowledged unless other flags are given. */
export const encodeCommand = (number: number, values: Values, options: Command = {}): Buffer => {
  const { flags = messageFlags.ack, seq = 0, version = 1, family = resolve().id, raw } = options;
  const header = Buffer.from([number, version, 0, 0]);
  const payload = Buffer.concat([header, raw ?? encodeAttributes(...values)]);
  return encodeMessage({ type: family, flags: messageFlags.request | flags, seq, payload });
};

export const send = (fd: number, datagram: Buffer, flags = 0): number | string =>
  attempt('sendto', fd, datagram, datagram.length, flags, 0, 0);

/** What is there, which is never waited for: the kernel answers before a send returns. */
export const receive = (fd: number, bytes = room): NetlinkMessage[] => {
  const buffer = Buffer.alloc(bytes);
  const got = attempt('recvfrom', fd, buffer, bytes, MSG_DONTWAIT, 0, 0);
  assert.ok(typeof got === 'number', `recvfrom: ${got}`);
  return decodeMessages(buffer.subarray(0, got));
};

export const nothingFor = (fd: number): void =>
  assert.equal(attempt('recvfrom', fd, Buffer.alloc(8), 8, MSG_DONTWAIT, 0, 0), 'EAGAIN');

export const receiveOne = (fd: number): NetlinkMessage => {
  const [first, ...more] = receive(fd);
  assert.ok(first);
  // Their count alone: what differs between a table of messages and none takes more memory to say than a guest has.
  assert.equal(more.length, 0);
  return first;
};

/** The kernel's answer to one command. */
export const ask = (fd: number, number: number, values: Values, options?: Command) => {
  const datagram = encodeCommand(number, values, options);
  assert.equal(send(fd, datagram), datagram.length);
  return decodeAnswer(receiveOne(fd));
};

export const pick = (all: readonly NetlinkAttribute[], type: number): Buffer | undefined =>
  all.find((one) => one.type === type)?.value;

/** Why a request was refused: the kernel's sentence, and the place in the request. */
export const reasonOf = (
  all: readonly NetlinkAttribute[],
): [words: string | undefined, offset: number | undefined] => [
  pick(all, answers.message)?.toString('latin1').replace(/\0$/, ''),
  pick(all, answers.offset)?.readUInt32LE(),
];

/** States what becomes of a malformed request; `answer` as `decodeAnswer` has it. */
export const stateValidation = (
  subject: string,
  { error, attributes: said }: Pick<NetlinkAnswer, 'error' | 'attributes'>,
  words = reasonOf(said)[0],
): void => {
  const outcome = error === 0 ? 'passed over' : 'refused';
  const says = error === 0 ? 'not looked at' : `${error}, ${words === undefined ? 'without a word' : words}`;
  finding({ about: 'validation', mechanism: 'genetlink', subject, outcome, says });
};

/** A message of the family: the command, and the attributes by type. */
export const contentOf = ({ payload }: NetlinkMessage) => {
  const all = decodeAttributes(payload.subarray(4));
  return {
    command: payload.readUInt8(0),
    types: all.map(({ type }) => type),
    seq: pick(all, attributes.seq)?.readBigUInt64LE(),
    payload: pick(all, attributes.payload),
  };
};

/** The controller's description of a family, or the error it answers with. */
export const askControl = (fd: number, name: string): NetlinkMessage => {
  const request = encodeCommand(control.getFamily, [[control.familyName, name]], {
    flags: 0,
    family: control.id,
  });
  assert.equal(send(fd, request), request.length);
  return receiveOne(fd);
};

/** The numbers that the kernel has given to the family and its group. */
export const resolve = (): { id: number; group: number } => {
  const fd = bindSocket();
  try {
    const all = decodeAttributes(askControl(fd, 'ringcross').payload.subarray(4));
    const [group] = decodeAttributes(pick(all, control.groups) ?? Buffer.alloc(0));
    const ofGroup = decodeAttributes(group?.value ?? Buffer.alloc(0));
    assert.equal(pick(ofGroup, control.groupName)?.toString(), 'events\0');
    return {
      id: pick(all, control.familyId)?.readUInt16LE() ?? 0,
      group: pick(ofGroup, control.groupId)?.readUInt32LE() ?? 0,
    };
  } finally {
    attempt('close', fd);
  }
};

export const produce = (order: string): void => writeFileSync(debugfs('genetlink', 'produce'), order);

/** A socket to whose port events go until the test ends. */
export const openSubscriber = (t: TestContext): number => {
  const fd = bindSocket();
  t.after(() => {
    send(fd, encodeCommand(commands.unsubscribe, [], { flags: 0 }));
    assert.equal(attempt('close', fd), 0);
  });
  assert.equal(ask(fd, commands.subscribe, []).error, 0);
  return fd;
};

/** A socket that is a member of the group. */
export const openListener = (t: TestContext): number => {
  const fd = openSocket(t);
  assert.equal(join(fd, resolve().group), 0);
  return fd;
};

/** Numbers of the messages that the kernel has stamped. */
export const stamped = (side: 'received' | 'sent'): bigint[] => {
  const { stamps } = kernelSide('genetlink', side);
  return Array.from({ length: stamps.length / 3 }, (_, index) => stamps[3 * index] ?? -1n);
};

export const payloadOf = (seq: number, bytes?: number): Values[number] => [
  attributes.payload,
  message(seq, bytes),
];
