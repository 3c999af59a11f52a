// What a reader can do about a table that changes while it is listed, and about events that it has lost: tests that each
// mechanism declares which has such a table, kmod/include/ringcross-table.h.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  finding,
  loadModule,
  modulePath,
  unloadModule,
  until,
} from 'ringcross/guest';
import { SO_RCVBUF, SOL_NETLINK, setBuffer } from './netlink-socket.ts';
import {
  change,
  entriesOf,
  flagsOf,
  follow,
  readDump,
  resynchronise,
  type TableMessage,
  type TableSocket,
  TableView,
  truth,
} from './table-view.ts';

export interface TableReader extends TableSocket {
  readonly fd: number;
  /** What the next datagram says, which stays. */
  peek: () => TableMessage[] | string;
}

export interface TableMechanism {
  /** Also the name of its module. */
  readonly mechanism: string;
  /** A socket that gets no events, until it is closed. */
  bind: () => TableReader;
  /** Sends them to its port from now on. */
  subscribe: (reader: TableReader) => void;
  /** Sends them to a group from now on, which it joins. */
  join: (reader: TableReader) => void;
}

/** Of the module's parameter, unless it says otherwise. */
const entries = 512;
const last = entries - 1;
/** Events, and more than the receive buffers of these tests hold. */
const much = 200;
const NETLINK_NO_ENOBUFS = 5;

export const tableRecovery = ({ mechanism, bind, subscribe, join }: TableMechanism): void => {
  const changeHere = (index: number, value: number | bigint): void => change(mechanism, index, value);
  const truthHere = (): bigint[] => truth(mechanism);

  const open = (t: TestContext): TableReader => {
    const reader = bind();
    t.after(() => assert.equal(attempt('close', reader.fd), 0));
    return reader;
  };

  /** A subscriber whose view is right. */
  const openFollower = (t: TestContext, receiveBuffer?: number, reached = subscribe) => {
    const reader = open(t);
    if (receiveBuffer !== undefined) setBuffer(reader.fd, SO_RCVBUF, receiveBuffer);
    reached(reader);
    const view = new TableView();
    assert.equal(resynchronise(reader, view), 1);
    assert.deepEqual(view.values, truthHere());
    return { reader, view };
  };

  /** Each change makes another value. */
  const changeMuch = (): void => {
    for (const [index, value] of truthHere().slice(0, much).entries()) changeHere(index, value + 1n);
  };

  test('a dump lists every entry in its turn, in several datagrams, without a flag where nothing changes', (t) => {
    const reader = open(t);
    changeHere(3, 2n ** 64n - 1n);
    const dump = readDump(reader);
    assert.ok(dump.datagrams.length > 2, `${dump.datagrams.length} datagrams`);
    assert.deepEqual(
      entriesOf(dump).map(({ index, value }) => [index, value]),
      truthHere().map((value, index) => [index, value]),
    );
    assert.equal(entriesOf(dump).length, entries);
    assert.deepEqual(flagsOf(dump), []);
    assert.deepEqual(dump.changes, [], 'who has not subscribed gets no events');
  });

  test('a change is told by NLM_F_DUMP_INTR on the first message that is made after it, and on no other', (t) => {
    const reader = open(t);
    const kinds = readDump(reader).datagrams.map(([first]) => first?.kind);
    for (const read of kinds.keys()) {
      const dump = readDump(reader, (datagrams) => {
        if (datagrams.length === read) changeHere(0, read);
      });
      // The next datagram is made already, each further one by the call that reads the one before.
      const made = read + 1;
      assert.deepEqual(flagsOf(dump), made < kinds.length ? [[made, 0, kinds[made]]] : [], `${read} read`);
      const [before] = entriesOf(dump);
      assert.ok(before);
      for (const [datagram, messages] of dump.datagrams.entries())
        for (const one of messages)
          if (one.kind === 'entry')
            assert.equal(one.generation, before.generation + (datagram < made ? 0n : 1n));
    }
  });

  test('what is listed while it changes is no table that there ever was: the reader starts again', (t) => {
    const reader = open(t);
    const view = new TableView();
    const disturbed = 2;
    let disturbances = 0;
    const dumps = resynchronise(reader, view, (dump, datagrams) => {
      if (dump > disturbed || datagrams.length !== 1) return;
      const [first] = datagrams[0] ?? [];
      assert.ok(first?.kind === 'entry' && first.index === 0);
      // Both lie outside of what has been read and made meanwhile: the first before it, the last behind it.
      changeHere(0, first.value + 1n);
      changeHere(last, first.value + 1n);
      disturbances++;
    });
    assert.deepEqual([dumps, disturbances], [disturbed + 1, disturbed]);
    const isTrue = isDeepStrictEqual(view.values, truthHere());
    assert.ok(isTrue);
    finding({
      about: 'recovery',
      mechanism,
      subject: 'a table that changes while it is dumped',
      works: isTrue,
      says: `NLM_F_DUMP_INTR on the first message after a change; disturbed ${disturbed} times, true by dump ${dumps}`,
    });
  });

  test('a dump that nobody starts again mixes two tables', (t) => {
    const reader = open(t);
    changeHere(0, 100);
    changeHere(last, 100);
    const dump = readDump(reader, (datagrams) => {
      if (datagrams.length !== 1) return;
      changeHere(0, 101);
      changeHere(last, 101);
    });
    const listed = entriesOf(dump);
    // 100, 100, then 101, 100, then 101, 101: never this.
    assert.deepEqual([listed[0]?.value, listed[last]?.value], [100n, 101n]);
    assert.equal(new TableView().adopt(dump), false);
  });

  test('events tell by their numbers whether a dump has them', (t) => {
    const reader = open(t);
    subscribe(reader);
    const view = new TableView();
    changeHere(3, 30);
    // In the queue before the dump, and in what it lists.
    const dump = readDump(reader);
    assert.ok(view.adopt(dump));
    const [older] = dump.changes;
    assert.ok(older && dump.changes.length === 1);
    assert.equal(view.apply(older), 'older');
    changeHere(3, 31);
    changeHere(4, 40);
    assert.equal(view.apply(older), 'older', 'it would undo the next one');
    assert.equal(follow(reader, view), null);
    assert.deepEqual(view.values, truthHere());
    assert.deepEqual([view.values[3], view.values[4]], [31n, 40n]);
  });

  for (const [subject, reached] of [
    ['unicast', subscribe],
    ['multicast', join],
  ] as const)
    test(`after ENOBUFS of ${subject} events a reader's view is stale, and a dump sets it right`, (t) => {
      const { reader, view } = openFollower(t, 4096, reached);
      changeMuch();
      assert.equal(follow(reader, view), 'ENOBUFS');
      // What had fitted is there, and is no more than a part.
      assert.equal(follow(reader, view), null);
      const whole = truthHere();
      const stale = view.values.filter((value, index) => value !== whole[index]).length;
      assert.ok(stale > 0 && stale < much, `${stale} of ${much} changes lost`);
      assert.equal(resynchronise(reader, view), 1);
      assert.deepEqual(view.values, truthHere());
      changeHere(5, 55);
      assert.equal(follow(reader, view), null, 'and it follows again');
      const isTrue = isDeepStrictEqual(view.values, truthHere());
      assert.ok(isTrue);
      finding({
        about: 'recovery',
        mechanism,
        subject: `after ENOBUFS, ${subject} events`,
        works: isTrue,
        says: 'the queue emptied, then one dump',
      });
    });

  test('a dump before the queue is empty is no cure: what changes meanwhile is lost, and nobody is told', (t) => {
    const { reader, view } = openFollower(t, 32768);
    changeMuch();
    assert.equal(follow(reader, view), 'ENOBUFS');
    let changed = false;
    const dump = readDump(reader, () => {
      const next = reader.peek();
      const isLast = typeof next !== 'string' && next.at(-1)?.kind === 'done';
      if (isLast && !changed) {
        changeHere(0, 77);
        changed = true;
      }
    });
    assert.ok(changed);
    assert.ok(view.adopt(dump), 'no flag, no error');
    assert.equal(follow(reader, view), null, 'nor an error behind it');
    const isTrue = view.values[0] === truthHere()[0];
    assert.equal(isTrue, false);
    changeHere(1, 78);
    assert.equal(follow(reader, view), 'missing', 'the next event alone shows it, by its number');
    finding({
      about: 'recovery',
      mechanism,
      subject: 'after ENOBUFS, a dump before the queue is empty',
      works: isTrue,
      says: 'until it is, every event is dropped, untold: the view is wrong until the next event shows a gap',
    });
  });

  test('without ENOBUFS a gap in the numbers tells of the loss, as late as at the next event that arrives', (t) => {
    const { reader, view } = openFollower(t, 4096);
    assert.equal(attempt('setsockopt', reader.fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, Uint32Array.of(1), 4), 0);
    changeMuch();
    assert.equal(follow(reader, view), null, 'no error');
    assert.notDeepEqual(view.values, truthHere());
    changeHere(0, 79);
    const told = follow(reader, view);
    assert.equal(told, 'missing');
    assert.equal(resynchronise(reader, view), 1);
    assert.deepEqual(view.values, truthHere());
    finding({
      about: 'recovery',
      mechanism,
      subject: 'NETLINK_NO_ENOBUFS, numbered events',
      works: told === 'missing',
      says: 'no error; the next event that arrives shows a gap, then one dump',
    });
  });

  test('a reader that follows many writers ends with the true table', async (t) => {
    const { reader, view } = openFollower(t, 16384);
    const fd = openSync(debugfs(mechanism, 'table'), 'w');
    t.after(() => closeSync(fd));
    let left = 0;
    const writers = Array.from({ length: 400 }, async (_, number) => {
      const order = Buffer.from(`${(number * 37) % entries} ${1000 + number}`);
      left++;
      const done = await attemptAsync('write', fd, order, order.length);
      left--;
      return done === order.length;
    });
    await until('all have written', () => {
      if (follow(reader, view) !== null) resynchronise(reader, view);
      return left === 0;
    });
    assert.ok((await Promise.all(writers)).every((whole) => whole));
    if (follow(reader, view) !== null) resynchronise(reader, view);
    assert.deepEqual(view.values, truthHere());
  });

  test('a change that reaches nobody is made all the same', (t) => {
    const reader = open(t);
    subscribe(reader);
    const generation = () => Number(readFileSync(debugfs(mechanism, 'generation'), 'latin1'));
    const before = generation();
    const gone = bind();
    subscribe(gone);
    assert.equal(attempt('close', gone.fd), 0);
    changeHere(8, 80);
    changeHere(8, 81);
    assert.deepEqual([truthHere()[8], generation()], [81n, before + 2]);
    assert.equal(reader.receive(), 'EAGAIN');
  });

  test('the files of the table take and give nothing else', () => {
    const before = truthHere();
    for (const [order, code] of [
      [' ', 'EINVAL'],
      ['1', 'EINVAL'],
      ['1 ', 'EINVAL'],
      ['1 2 3', 'EINVAL'],
      ['1  2', 'EINVAL'],
      ['-1 2', 'EINVAL'],
      ['1 -2', 'EINVAL'],
      ['one 2', 'EINVAL'],
      ['1 2\0', 'EINVAL'],
      [`1 ${'0'.repeat(32)}2`, 'EINVAL'],
      [`${entries} 1`, 'ERANGE'],
      [`${2n ** 32n} 1`, 'ERANGE'],
      [`1 ${2n ** 64n}`, 'ERANGE'],
    ] as const)
      assert.throws(() => writeFileSync(debugfs(mechanism, 'table'), order), { code }, `"${order}"`);
    assert.equal(readFileSync(debugfs(mechanism, 'table'), 'latin1'), 'INDEX VALUE\n');
    for (const [file, code] of [
      ['truth', 'EINVAL'],
      ['generation', 'EACCES'],
    ] as const)
      assert.throws(() => writeFileSync(debugfs(mechanism, file), '1'), { code }, file);
    assert.deepEqual(truthHere(), before);
    writeFileSync(debugfs(mechanism, 'table'), '1 2\n');
    assert.equal(truthHere()[1], 2n);
  });

  test('a table has as many entries as the parameter says, from 1 to 65536', (t) => {
    const path = modulePath(mechanism);
    unloadModule(mechanism);
    t.after(() => loadModule(path));
    for (const parameter of ['entries=0', 'entries=65537'])
      assert.throws(
        () => loadModule(path, parameter),
        (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameter),
      );
    for (const count of [1, 65536]) {
      loadModule(path, `entries=${count}`);
      const reader = bind();
      assert.equal(entriesOf(readDump(reader)).length, count);
      assert.equal(attempt('close', reader.fd), 0);
      unloadModule(mechanism);
    }
  });

  comesAndGoes(mechanism, () => {
    const reader = bind();
    subscribe(reader);
    changeHere(0, 1);
    reader.list();
    const [event] = reader.receive();
    assert.ok(typeof event === 'object' && event.kind === 'change');
    // Closed with a dump under way.
    assert.equal(attempt('close', reader.fd), 0);
  });
};
