// What may be relied on in a file that holds one message: at the borders of its size, and when one side dies. As tests that
// each such mechanism declares.
import assert from 'node:assert/strict';
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  debugfs,
  finding,
  holdReceiver,
  moduleLoaded,
  pollfd,
  resetStamps,
  startPeer32,
  until,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';
import { type MessageFile, message, openFile, produce, readAt, stamped, write } from './message-file.ts';

const { O_RDONLY, O_RDWR, O_WRONLY } = constants;
const page = 4096;
/** The module's parameter max_message. */
const largest = 65536;

/** A 32-bit process with the file open. */
export const startPeer = async (t: TestContext, path: string, flags = O_RDWR) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const fd = await peer.attempt('open', path, flags);
  assert.ok(typeof fd === 'number', `open of ${path}: ${fd}`);
  return { peer, fd };
};

/** Declares what both ways do with an empty message, with the largest one and with one more byte. */
export const keepsToItsSize = ({ mechanism, path }: MessageFile): void => {
  test('a write of nothing has no room for a number, and one more byte than the largest is too much', (t) => {
    const fd = openFile(t, path);
    const written = (bytes: number) =>
      taken(bytes, attempt('write', fd, message(1, Math.max(bytes, 8)), bytes));
    const [full, more, empty] = [written(largest), written(largest + 1), written(0)];
    assert.deepEqual([full, more, empty], ['taken', 'EMSGSIZE', 'EINVAL']);
    assert.ok(readAt(fd, largest + 1).equals(message(1, largest)), 'the refused ones have changed nothing');
    boundaries(
      { mechanism, direction: 'u2k', subject: 'write' },
      {
        empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
        largest: { bytes: largest, result: full, says: "in one call; the module's max_message" },
        'one more': { bytes: largest + 1, result: more, says: 'the last message stays' },
      },
    );
  });

  test('the kernel stores no empty message, and none that is larger than the largest', (t) => {
    const fd = openFile(t, path, O_RDONLY);
    const stored = (bytes: number) => triggered(() => produce(mechanism, bytes, 1));
    const [full, more, empty] = [stored(largest), stored(largest + 1), stored(0)];
    assert.deepEqual([full, more, empty], ['taken', 'EMSGSIZE', 'EINVAL']);
    const read = readAt(fd, largest + 1);
    assert.equal(read.length, largest);
    boundaries(
      { mechanism, direction: 'k2u', subject: 'store, for a later read' },
      {
        empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
        largest: { bytes: largest, result: full, says: `one read gives all ${read.length} B` },
        'one more': { bytes: largest + 1, result: more, says: 'the last message stays' },
      },
    );
  });
};

/** Declares what either side may rely on while both live. */
export const promises = ({ mechanism, path }: MessageFile): void => {
  test('of the messages of several writers the kernel gets each one once', async (t) => {
    const rounds = Array.from({ length: 100 }, (_, round) => round);
    const writers = [0, 1].map((first) => ({ first, fd: openFile(t, path) }));
    resetStamps(mechanism, 'received');
    for (const round of rounds) {
      const done = await Promise.all(
        writers.map(({ first, fd }) => attemptAsync('write', fd, message(2 * round + first, 64), 64)),
      );
      assert.deepEqual(done, [64, 64]);
    }
    const got = stamped(mechanism, 'received').map(Number);
    assert.deepEqual(
      got.sort((a, b) => a - b),
      rounds.flatMap((round) => [2 * round, 2 * round + 1]),
    );
    finding({
      about: 'guarantee',
      mechanism,
      subject: 'u2k',
      loses: 'never',
      condition: 'write has returned the size',
      says: 'the module has taken the message within the call',
    });
  });

  test('a message that nobody has read in time is replaced, and neither side is told', (t) => {
    const reader = openFile(t, path, O_RDONLY);
    resetStamps(mechanism, 'sent');
    const sender = [1, 2, 3].map((seq) => triggered(() => produce(mechanism, 64, seq)));
    assert.deepEqual(sender, ['taken', 'taken', 'taken']);
    assert.deepEqual(stamped(mechanism, 'sent'), [1n, 2n, 3n]);
    const seen = [1, 2].map(() => Number(readAt(reader, page).readBigUInt64LE()));
    assert.deepEqual(seen, [3, 3], 'the last one, as often as it is asked');
    finding({
      about: 'loss notice',
      mechanism,
      subject: 'store, for a later read',
      direction: 'k2u',
      sender: 'nothing',
      receiver: 'nothing',
      says: `of 1, 2, 3 a later reader sees ${seen[0]}: only the numbers tell`,
    });
    finding({
      about: 'guarantee',
      mechanism,
      subject: 'k2u',
      loses: 'when full',
      condition: 'one message fits: the next replaces it',
      says: 'a state, not a stream: who reads late sees the last message only, and may see it again',
    });
  });
};

/** Declares what is left of a message whose writer dies, and what the kernel hears of a reader that does. */
export const outlivesPrograms = ({ mechanism, path }: MessageFile): void => {
  test('of a message whose writer is killed in its call nothing is left', async (t) => {
    const fd = openFile(t, path);
    write(fd, message(1, 64));
    resetStamps(mechanism, 'received');
    const { peer, fd: theirs } = await startPeer(t, path);
    const release = holdReceiver(mechanism);
    t.after(release);
    await peer.killIn('write', theirs, message(2, 64), 64);
    release();
    assert.deepEqual(stamped(mechanism, 'received'), []);
    const left = readAt(fd, page);
    assert.deepEqual(left, message(1, 64), 'the last message is as it was');
    write(fd, message(3, 64));
    assert.deepEqual(stamped(mechanism, 'received'), [3n], 'the next writer finds nothing in its way');
    finding({
      about: 'death',
      mechanism,
      subject: 'blocked in write',
      direction: 'u2k',
      of: 'writer',
      survivor: 'nothing',
      says: `no part of it: the last message stays, all ${left.length} B`,
    });
  });

  test('a reader that is killed between two parts of a message is nothing to the kernel that sends', async (t) => {
    const { peer, fd } = await startPeer(t, path, O_RDONLY);
    const worker = startWorker(t, mechanism);
    await until('a first message', () => worker().done > 0);
    const part = Buffer.alloc(32);
    assert.equal(await peer.attempt('read', fd, part, part.length), part.length);
    await peer.stop();
    const { done } = worker();
    await until('messages after the death', () => worker().done > done);
    const { error } = worker();
    assert.equal(error, 0);
    finding({
      about: 'death',
      mechanism,
      subject: 'between two reads of a message',
      direction: 'k2u',
      of: 'reader',
      survivor: 'nothing',
      says: 'the kernel stores on without an error',
    });
  });
};

/** Declares that a reader may be killed while it waits for a change. */
export const outlivesPollers = ({ mechanism, path }: MessageFile): void => {
  test('a reader that is killed while it waits in poll is nothing to the kernel that sends', async (t) => {
    const { peer, fd } = await startPeer(t, path, O_RDONLY);
    assert.equal(typeof (await peer.attempt('read', fd, Buffer.alloc(page), page)), 'number');
    await peer.killIn('poll', pollfd(fd, ['pri']), 1, -1);
    const sent = triggered(() => produce(mechanism, 64, 7));
    assert.equal(sent, 'taken');
    assert.equal(readAt(openFile(t, path, O_RDONLY), page).readBigUInt64LE(), 7n);
    finding({
      about: 'death',
      mechanism,
      subject: 'blocked in poll',
      direction: 'k2u',
      of: 'reader',
      survivor: 'nothing',
      says: 'the next message is stored, and the next reader sees it',
    });
  });
};

/** Declares that an open file keeps the module. */
export const keepsItsModule = ({ mechanism, path }: MessageFile): void => {
  for (const [direction, flags, side] of [
    ['u2k', O_WRONLY, 'writer'],
    ['k2u', O_RDONLY, 'reader'],
  ] as const)
    test(`the module cannot be unloaded while a ${side} has its file open`, (t) => {
      const fd = openFile(t, path, flags);
      const survivor = unloading(mechanism);
      assert.equal(survivor, 'refused: EAGAIN');
      assert.ok(moduleLoaded(mechanism));
      // As if nobody had asked.
      if (side === 'writer') write(fd, message(1, 64));
      else produce(mechanism, 64, 1);
      assert.equal(readAt(openFile(t, path, O_RDONLY), page).readBigUInt64LE(), 1n);
      finding({
        about: 'death',
        mechanism,
        subject: 'file open',
        direction,
        of: 'module',
        survivor,
        says: 'the open file holds the module',
      });
    });
};

/** Makes the kernel store messages until the test ends; what it returns tells how many there have been, and what ended it. */
const startWorker = (t: TestContext, mechanism: string): (() => { done: number; error: number }) => {
  const file = debugfs(mechanism, 'worker');
  writeFileSync(file, `produce 64 1 ${2 ** 40}`);
  t.after(() => writeFileSync(file, 'stop'));
  return () => {
    const said = readFileSync(file, 'latin1');
    const [, done, error] = /^(\d+) of \d+ error (\d+)$/m.exec(said) ?? [];
    assert.ok(done !== undefined && error !== undefined, said);
    return { done: Number(done), error: Number(error) };
  };
};
