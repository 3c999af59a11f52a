// A table behind netlink that changes while it is dumped, and events of its changes that are lost: how a reader of
// kmod/netlink gets the true table all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attempt,
  decodeAnswer,
  decodeMessages,
  encodeMessage,
  messageFlags,
  messageTypes,
  type Needs,
  type NetlinkMessage,
  reload,
} from 'ringcross/guest';
import {
  ask,
  bindSocket,
  closeSocket,
  join,
  MSG_DONTWAIT,
  MSG_PEEK,
  openBound,
  receiveMessage,
  send,
  subscription,
  types,
} from './netlink-socket.ts';
import { type TableReader, tableRecovery } from './table-recovery.ts';
import { change, entriesOf, readDump, type TableMessage, TableView, truth } from './table-view.ts';

export const needs = { modules: ['netlink'] } satisfies Needs;

const mechanism = 'netlink';
const group = 5;

/** Of the kernel's buffers too, which are no larger than what the reader has room for: a dump is several. */
const room = 4096;

/** struct rcnl_entry, or the end of a dump. */
const decode = ({ type, flags, payload }: NetlinkMessage): TableMessage => {
  const interrupted = (flags & messageFlags.dumpInterrupted) !== 0;
  if (type === messageTypes.done) return { kind: 'done', interrupted };
  assert.ok(type === types.list || type === types.change, `a message of type ${type}`);
  assert.equal(payload.length, 24);
  return {
    kind: type === types.list ? 'entry' : 'change',
    index: payload.readUInt32LE(16),
    value: payload.readBigUInt64LE(0),
    generation: payload.readBigUInt64LE(8),
    interrupted,
  };
};

const listing = (flags: number = messageFlags.dump, payload = Buffer.alloc(0)): Buffer =>
  encodeMessage({ type: types.list, flags: messageFlags.request | flags, seq: 9, payload });

const readerOf = (fd: number): TableReader => {
  const receive = (flags = 0): TableMessage[] | string => {
    const bytes = Buffer.alloc(room);
    const got = attempt('recvfrom', fd, bytes, room, MSG_DONTWAIT | flags, 0, 0);
    return typeof got === 'string' ? got : decodeMessages(bytes.subarray(0, got)).map(decode);
  };
  return {
    fd,
    list: () => assert.equal(send(fd, listing()), listing().length),
    receive: () => receive(),
    peek: () => receive(MSG_PEEK),
  };
};

tableRecovery({
  mechanism,
  bind: () => readerOf(bindSocket()),
  subscribe: ({ fd }) => assert.equal(ask(fd, types.subscribe, subscription()), 0),
  join: ({ fd }) => {
    assert.equal(join(fd, group), 0);
    assert.equal(ask(fd, types.subscribe, subscription(group)), 0);
  },
});

test('the end of a dump has no flag of its own: what changes after the last entry is told by an event', (t) => {
  const probe = openBound(t);
  const [first] = readDump(readerOf(probe)).datagrams;
  assert.ok(first);
  closeSocket(probe);
  // A table that fills the first buffer: the end is made later, without another look at the table.
  reload(t, mechanism, `entries=${first.length}`);
  const fd = openBound(t);
  assert.equal(ask(fd, types.subscribe, subscription()), 0);
  const dump = readDump(readerOf(fd), (datagrams) => {
    if (datagrams.length === 0) change(mechanism, 0, 1);
  });
  assert.deepEqual(
    dump.datagrams.map((datagram) => datagram.map(({ kind, interrupted }) => [kind, interrupted])),
    [first.map(() => ['entry', false]), [['done', false]]],
  );
  assert.equal(entriesOf(dump)[0]?.value, 0n);
  const view = new TableView();
  assert.ok(view.adopt(dump));
  assert.deepEqual(view.values, truth(mechanism));
  assert.equal(view.values[0], 1n);
  closeSocket(fd);
});

test('a dump is asked for by both flags of NLM_F_DUMP, without a payload, and one at a time', (t) => {
  const fd = openBound(t);
  const [root, match] = [0x100, 0x200];
  for (const [what, request, error] of [
    ['no flag', listing(messageFlags.ack), 'ENOTSUP'],
    ['one flag', listing(messageFlags.ack | root), 'ENOTSUP'],
    ['the other flag', listing(messageFlags.ack | match), 'ENOTSUP'],
    ['a payload', listing(messageFlags.dump, Buffer.alloc(4)), 'EINVAL'],
  ] as const) {
    assert.equal(send(fd, request), request.length);
    assert.equal(decodeAnswer(receiveMessage(fd)).error, error, what);
  }
  const reader = readerOf(fd);
  reader.list();
  reader.list();
  const [entry] = reader.receive();
  assert.ok(typeof entry === 'object' && entry.kind === 'entry');
  assert.equal(decodeAnswer(receiveMessage(fd)).error, 'EBUSY');
});

test('a change is no request', (t) => {
  const fd = openBound(t);
  const before = truth(mechanism);
  assert.equal(ask(fd, types.change, Buffer.alloc(24, 0xff)), 'ENOTSUP');
  assert.deepEqual(truth(mechanism), before);
});
