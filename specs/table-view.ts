// A reader's view of the table of a module (kmod/include/ringcross-table.h): events keep it up to date, a dump sets it
// right. What it is read from, netlink or generic netlink, is the spec's.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { debugfs } from 'ringcross/guest';

export interface Entry {
  kind: 'entry' | 'change';
  index: number;
  value: bigint;
  /** Of the table: of the change, or as it was when the entry was listed. */
  generation: bigint;
  /** NLM_F_DUMP_INTR. */
  interrupted: boolean;
}

/** A message that says something about the table. */
export type TableMessage = Entry | { kind: 'done'; interrupted: boolean };

export interface TableSocket {
  /** Asks for a dump. */
  list: () => void;
  /** What the next datagram says, or the name of the error. Does not wait. */
  receive: () => TableMessage[] | string;
}

/** A dump, and what else came on its socket meanwhile. */
export interface Dump {
  /** Entries and the end, datagram by datagram. */
  datagrams: TableMessage[][];
  changes: Entry[];
  /** Whether an error told of a loss. */
  lost: boolean;
}

/** Changes an entry. */
export const change = (module: string, index: number, value: number | bigint): void =>
  writeFileSync(debugfs(module, 'table'), `${index} ${value}`);

/** The table as it is. */
export const truth = (module: string): bigint[] => {
  const bytes = readFileSync(debugfs(module, 'truth'));
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(8 * index));
};

/** One dump to its end. Before each datagram is read `before` is called, with those that have been. */
export const readDump = (
  socket: TableSocket,
  before: (datagrams: readonly TableMessage[][]) => void = () => {},
): Dump => {
  const dump: Dump = { datagrams: [], changes: [], lost: false };
  socket.list();
  for (;;) {
    before(dump.datagrams);
    const datagram = socket.receive();
    if (typeof datagram === 'string') {
      // Each datagram is made while the one before is read: there is always one.
      assert.equal(datagram, 'ENOBUFS');
      dump.lost = true;
      continue;
    }
    const [first] = datagram;
    assert.ok(first);
    if (first.kind === 'change') {
      assert.equal(datagram.length, 1);
      dump.changes.push(first);
      continue;
    }
    dump.datagrams.push(datagram);
    if (datagram.at(-1)?.kind === 'done') return dump;
  }
};

export const entriesOf = ({ datagrams }: Dump): Entry[] =>
  datagrams.flat().filter((message): message is Entry => message.kind === 'entry');

/** Where in a dump the flag stands: the number of the datagram, that of the message in it, and what message it is. */
export const flagsOf = ({ datagrams }: Dump): [datagram: number, message: number, kind: string][] =>
  datagrams.flatMap((messages, datagram) =>
    messages.flatMap(({ interrupted, kind }, message): [number, number, string][] =>
      interrupted ? [[datagram, message, kind]] : [],
    ),
  );

export class TableView {
  #values: bigint[] = [];
  #generation: bigint | null = null;

  /** What the table is believed to hold. */
  get values(): readonly bigint[] {
    return this.#values;
  }

  /** Takes an event: one that the view has already is passed over; after one that is missing nothing is believed. */
  apply({ index, value, generation }: Entry): 'older' | 'applied' | 'missing' {
    if (this.#generation === null) return 'missing';
    if (generation <= this.#generation) return 'older';
    if (generation > this.#generation + 1n) {
      this.#generation = null;
      return 'missing';
    }
    this.#values[index] = value;
    this.#generation = generation;
    return 'applied';
  }

  /** Takes a dump and the events that came with it; whether the view is then a table that there was. */
  adopt(dump: Dump): boolean {
    if (dump.lost || flagsOf(dump).length > 0) return false;
    const entries = entriesOf(dump);
    const generations = new Set(entries.map(({ generation }) => generation));
    assert.equal(generations.size, 1, 'without a flag all of it is of one generation');
    assert.deepEqual(
      entries.map(({ index }) => index),
      entries.map((_, index) => index),
    );
    this.#values = entries.map(({ value }) => value);
    this.#generation = entries[0]?.generation ?? null;
    return dump.changes.every((event) => this.apply(event) !== 'missing');
  }
}

/**
 * Reads all that is there. Why the view is not to be believed any more: the error, or that an event is `missing`; null
 * where it is.
 */
export const follow = (socket: TableSocket, view: TableView): string | null => {
  for (;;) {
    const datagram = socket.receive();
    if (datagram === 'EAGAIN') return null;
    if (typeof datagram === 'string') return datagram;
    for (const message of datagram) {
      assert.ok(message.kind === 'change', `${message.kind} outside of a dump`);
      if (view.apply(message) === 'missing') return 'missing';
    }
  }
};

/**
 * Reads what is left until there is nothing: only then a socket that has told of a loss takes events again. What comes is
 * older than the dump that follows.
 */
const empty = (socket: TableSocket): void => {
  while (socket.receive() !== 'EAGAIN');
};

/** More than anybody changes the table while it is listed: each dump that fails has met a change. */
const mostDumps = 1000;

/** Sets the view right: empties the queue and dumps, and again where the dump was interrupted. How many dumps it took. */
export const resynchronise = (
  socket: TableSocket,
  view: TableView,
  before: (dump: number, datagrams: readonly TableMessage[][]) => void = () => {},
): number => {
  for (let dump = 1; dump <= mostDumps; dump++) {
    empty(socket);
    if (view.adopt(readDump(socket, (datagrams) => before(dump, datagrams)))) return dump;
  }
  throw new Error(`none of ${mostDumps} dumps was whole`);
};
