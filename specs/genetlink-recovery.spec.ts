// A table behind generic netlink that changes while it is dumped, and events of its changes that are lost: how a reader of
// kmod/genetlink gets the true table all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attempt,
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  messageFlags,
  messageTypes,
  type Needs,
  type NetlinkMessage,
} from 'ringcross/guest';
import {
  ask,
  attributes,
  bindSocket,
  commands,
  contentOf,
  encodeCommand,
  nothingFor,
  openSocket,
  pick,
  receive,
  resolve,
  send,
  stateValidation,
  u32,
} from './genetlink-socket.ts';
import { join, MSG_DONTWAIT, MSG_PEEK } from './netlink-socket.ts';
import { type TableReader, tableRecovery } from './table-recovery.ts';
import { change, entriesOf, flagsOf, readDump, type TableMessage, truth } from './table-view.ts';

export const needs = { modules: ['genetlink'] } satisfies Needs;

const mechanism = 'genetlink';

/** Of the kernel's buffers too, which are no larger than what the reader has room for: a dump is several. */
const room = 4096;

/** An entry as attributes, or the end of a dump. */
const decode = ({ type, flags, payload }: NetlinkMessage): TableMessage => {
  const interrupted = (flags & messageFlags.dumpInterrupted) !== 0;
  if (type === messageTypes.done) return { kind: 'done', interrupted };
  const command = payload.readUInt8(0);
  assert.ok(command === commands.table || command === commands.change, `command ${command}`);
  const all = decodeAttributes(payload.subarray(4));
  const [index, value, generation] = [attributes.index, attributes.value, attributes.generation].map((one) =>
    pick(all, one),
  );
  assert.ok(index && value && generation);
  return {
    kind: command === commands.table ? 'entry' : 'change',
    index: index.readUInt32LE(),
    value: value.readBigUInt64LE(),
    generation: generation.readBigUInt64LE(),
    interrupted,
  };
};

const listing = (): Buffer => encodeCommand(commands.table, [], { flags: messageFlags.dump });

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

/** A command without an acknowledgement: for one the room would be larger, and so would the buffers of later dumps. */
const command = (fd: number, number: number): void => {
  const request = encodeCommand(number, [], { flags: 0 });
  assert.equal(send(fd, request), request.length);
  nothingFor(fd);
};

tableRecovery({
  mechanism,
  bind: () => readerOf(bindSocket()),
  subscribe: ({ fd }) => command(fd, commands.subscribe),
  // Events go to the group while nobody has subscribed.
  join: ({ fd }) => {
    assert.equal(join(fd, resolve().group), 0);
    command(fd, commands.subscribe);
    command(fd, commands.unsubscribe);
  },
});

test('the end of a dump is a datagram of its own, with the flag where all that changed came after the last entry', (t) => {
  const reader = readerOf(openSocket(t));
  const kinds = readDump(reader).datagrams.map((datagram) => datagram.map(({ kind }) => kind));
  assert.deepEqual(kinds.at(-1), ['done']);
  const before = truth(mechanism);
  const dump = readDump(reader, (datagrams) => {
    if (datagrams.length === kinds.length - 2) change(mechanism, 0, (before[0] ?? 0n) + 1n);
  });
  assert.deepEqual(flagsOf(dump), [[kinds.length - 1, 0, 'done']]);
  assert.deepEqual(
    entriesOf(dump).map(({ value }) => value),
    before,
    'all entries are of one table: the flag says that there is a newer one',
  );
});

test('a dump of the table takes no attributes or does not look at them, and is no command without NLM_F_DUMP', (t) => {
  const fd = openSocket(t);
  assert.equal(ask(fd, commands.table, []).error, 'ENOTSUP');
  const request = encodeCommand(commands.table, [[attributes.index, u32(1)]], { flags: messageFlags.dump });
  assert.equal(send(fd, request), request.length);
  const [first] = receive(fd);
  assert.ok(first);
  const refusal = first.type === messageTypes.error ? decodeAnswer(first) : null;
  if (refusal) assert.equal(refusal.error, 'EINVAL');
  else assert.equal(contentOf(first).command, commands.table, 'the table');
  stateValidation('an attribute for a dump that takes none', refusal ?? { error: 0, attributes: [] });
  const other = openSocket(t);
  assert.equal(ask(other, commands.change, []).error, 'ENOTSUP', 'a change is no command');
});
