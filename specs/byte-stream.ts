// What a pipe does whatever it is called, pipe(7), as tests that the specs of pipes and FIFOs declare: where a message
// ends, who is told that the other side has died, and what is lost.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { attempt, attemptAsync, finding, poll, startPeer32, until, untilBlocked } from 'ringcross/guest';
import { taken } from './answers.ts';
import { intactNumber, message, numberOrError, numbers } from './checked-message.ts';
import { offer } from './open-loop.ts';
import { holdSigpipe } from './sigpipe.ts';

export interface Ends {
  readonly reader: number;
  readonly writer: number;
  /** Closes one early; the test's end closes what is left. */
  readonly close: (end: number) => void;
}

export interface ByteStream {
  readonly mechanism: string;
  /** Both ends of a new one, which do not wait if `flags` has O_NONBLOCK. */
  readonly open: (t: TestContext, flags?: number) => Ends;
}

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Sixteen pages, unless somebody asks for another size. */
export const capacity = 65536;
export const page = 4096;
/** PIPE_BUF: a write of no more bytes goes in whole. */
export const pipeBuf = 4096;

/** Bytes that wait to be read: FIONREAD of ioctl_pipe(2), at either end. */
export const waiting = (end: number): number => {
  const bytes = new Int32Array(1);
  const FIONREAD = 0x541b;
  assert.equal(attempt('ioctl', end, FIONREAD, bytes), 0);
  return bytes[0] ?? -1;
};

export const fill = (writer: number, bytes = capacity): void =>
  assert.equal(attempt('write', writer, Buffer.alloc(bytes), bytes), bytes);

/** All that waits to be read. */
export const drain = (reader: number): Buffer => {
  const bytes = waiting(reader);
  const buffer = Buffer.alloc(bytes);
  assert.equal(attempt('read', reader, buffer, bytes), bytes);
  return buffer;
};

/** A process that has our file `fd` open too, and nothing else. */
export const peerWith = async (t: TestContext, fd: number, flags: number) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('open', `/proc/${process.pid}/fd/${fd}`, flags);
  assert.ok(typeof theirs === 'number', `open: ${theirs}`);
  return { peer, theirs };
};

/** A message of which a writer that waits has still a part to write when the pipe is full for the second time. */
export const largeBytes = 3 * capacity;
/** What a reader takes of it: no whole number of pages. */
export const firstPart = 10_000;
/** What a full pipe holds after that: a page that is read in part has no room for anything else. */
const refilled = capacity - (firstPart % page);
/** All that has gone in by then. */
const acceptedBytes = firstPart + refilled;

/** Resolves when a writer of a large message has filled the pipe again, after the first part was read. */
export const untilRefilled = (end: number): Promise<void> =>
  until('the pipe is full again', () => waiting(end) === refilled);

/** Declares what an empty message, the largest one and one more byte come to. */
export const hasBoundaries = ({ mechanism, open }: ByteStream): void => {
  test('a message of no bytes is taken and never comes, even where nobody is left to read it', (t) => {
    const { reader, writer, close } = open(t, O_NONBLOCK);
    const result = attempt('write', writer, '', 0);
    assert.equal(result, 0);
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN');
    assert.deepEqual(poll(reader), []);
    close(reader);
    assert.equal(attempt('write', writer, '', 0), 0);
    finding({
      about: 'boundary',
      mechanism,
      subject: 'write',
      direction: 'u2u',
      size: 'empty',
      bytes: 0,
      result: taken(0, result),
      says: 'returns 0, whether anybody reads or not; the reader is told nothing',
    });
  });

  test('a write that will not wait gives an empty pipe what that holds, and the rest is not taken', (t) => {
    for (const [size, bytes, says] of [
      ['largest', capacity, 'all that an empty pipe holds; a write that waits has no largest message'],
      [
        'one more',
        capacity + 1,
        `its first ${capacity} B: the count tells, and the rest is to be sent again`,
      ],
    ] as const) {
      const { reader, writer } = open(t, O_NONBLOCK);
      const result = attempt('write', writer, Buffer.alloc(bytes), bytes);
      assert.equal(waiting(reader), capacity);
      assert.equal(result, capacity);
      assert.equal(attempt('write', writer, 'x', 1), 'EAGAIN');
      finding({
        about: 'boundary',
        mechanism,
        subject: 'write, O_NONBLOCK',
        direction: 'u2u',
        size,
        bytes,
        result: taken(bytes, result),
        says,
      });
    }
  });

  test('where there is less room, a write up to PIPE_BUF is taken whole or not at all, a larger one in part', (t) => {
    const { reader, writer } = open(t, O_NONBLOCK);
    const before = capacity - page + 8;
    fill(writer, before);
    const whole = attempt('write', writer, Buffer.alloc(pipeBuf), pipeBuf);
    assert.equal(whole, 'EAGAIN');
    assert.equal(waiting(reader), before, 'though there is room for nearly all of it');
    const larger = pipeBuf + 1;
    const part = attempt('write', writer, Buffer.alloc(larger), larger);
    assert.equal(waiting(reader), before + Number(part));
    for (const [size, bytes, result, says] of [
      ['largest', pipeBuf, whole, 'PIPE_BUF: whole or not at all'],
      ['one more', larger, part, `${part} B of it: what is beyond whole pages went into the last page begun`],
    ] as const)
      finding({
        about: 'boundary',
        mechanism,
        subject: `write, O_NONBLOCK, with room for ${page - 8} B`,
        direction: 'u2u',
        size,
        bytes,
        result: taken(bytes, result),
        says,
      });

    drain(reader);
    fill(writer, capacity - page);
    assert.equal(attempt('write', writer, Buffer.alloc(2 * page), 2 * page), page, 'a free page is filled');
  });
};

/** Declares what the other side is told when one is killed. */
export const survivesDeath = ({ mechanism, open }: ByteStream): void => {
  test('the writer of a reader that was killed gets EPIPE and SIGPIPE', async (t) => {
    const { reader, writer, close } = open(t);
    const { peer, theirs } = await peerWith(t, reader, O_RDONLY);
    close(reader);
    const askForSigpipe = holdSigpipe(t);
    await peer.killIn('read', theirs, Buffer.alloc(8), 8);
    const told = [attempt('write', writer, 'message!', 8), askForSigpipe()];
    assert.deepEqual(told, ['EPIPE', 'SIGPIPE']);
    finding({
      about: 'death',
      mechanism,
      subject: 'blocked in read',
      direction: 'u2u',
      of: 'reader',
      survivor: told.join(', '),
      says: 'by the next write, if there is no other reader',
    });
  });

  test('a writer that waits for room when its reader is killed gets a short count, then EPIPE', async (t) => {
    const { reader, writer, close } = open(t);
    const { peer, theirs } = await peerWith(t, reader, O_RDONLY);
    close(reader);
    const sent = message(1, largeBytes);
    const write = attemptAsync('write', writer, sent, sent.length);
    await untilBlocked('write', writer);
    const read = Buffer.alloc(firstPart);
    assert.equal(await peer.attempt('read', theirs, read, firstPart), firstPart);
    assert.ok(read.equals(sent.subarray(0, firstPart)));
    await untilRefilled(writer);
    await untilBlocked('write', writer);
    const unread = waiting(writer);
    await peer.stop();
    const count = await write;
    assert.equal(count, firstPart + unread, 'what nobody has read counts as written');
    const next = attempt('write', writer, 'message!', 8);
    assert.equal(next, 'EPIPE');
    finding({
      about: 'death',
      mechanism,
      subject: 'mid-stream, the writer waits for room',
      direction: 'u2u',
      of: 'reader',
      survivor: `a short count, then ${next}`,
      says: `${count} of ${sent.length} B count as written, ${unread} of them were never read and are gone`,
    });
  });

  test('the reader of a writer that was killed mid-message gets a part, then the end of the file', async (t) => {
    const { reader, writer, close } = open(t);
    const { peer, theirs } = await peerWith(t, writer, O_WRONLY);
    close(writer);
    const sent = message(1, largeBytes);
    const write = assert.rejects(peer.attempt('write', theirs, sent, sent.length), /was stopped/);
    await peer.untilBlocked('write', theirs);
    const first = Buffer.alloc(firstPart);
    assert.equal(attempt('read', reader, first, firstPart), firstPart);
    await untilRefilled(reader);
    await peer.untilBlocked('write', theirs);
    await peer.stop();
    await write;
    assert.deepEqual(poll(reader), ['in', 'hup']);
    const got = Buffer.concat([first, drain(reader)]);
    assert.equal(got.length, acceptedBytes);
    assert.ok(got.equals(sent.subarray(0, got.length)), 'byte by byte the beginning of the message');
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 0);
    finding({
      about: 'death',
      mechanism,
      subject: 'blocked in write',
      direction: 'u2u',
      of: 'writer',
      survivor: 'a part, then end of file',
      says: `the first ${got.length} of ${sent.length} B came; no error tells that there were to be more`,
    });
  });

  test('a reader that waits for the rest of a message is woken when its writer is killed', async (t) => {
    const { reader, writer, close } = open(t);
    const { peer, theirs } = await peerWith(t, writer, O_WRONLY);
    close(writer);
    const half = message(1, 64).subarray(0, 32);
    assert.equal(await peer.attempt('write', theirs, half, half.length), half.length);
    assert.ok(drain(reader).equals(half));
    const rest = attemptAsync('read', reader, Buffer.alloc(32), 32);
    await untilBlocked('read', reader);
    await peer.stop();
    const told = await rest;
    assert.equal(told, 0);
    finding({
      about: 'death',
      mechanism,
      subject: 'between two writes',
      direction: 'u2u',
      of: 'writer',
      survivor: 'end of file',
      says: 'a reader that waits is woken, if there is no other writer',
    });
  });
};

/** Declares what may be relied on where the pipe is full: of a writer that waits, and of one that does not. */
export const keepsAll = ({ mechanism, open }: ByteStream): void => {
  test('a full pipe makes its writer wait: every message comes once, whole and in order', async (t) => {
    const { reader, writer } = open(t);
    const [count, bytes] = [100, 1024];
    const writes = inTurn(count, (seq) => attemptAsync('write', writer, message(seq, bytes), bytes));
    await untilBlocked('write', writer);
    assert.equal(waiting(reader), capacity);
    const got = await inTurn(count, async () => {
      const buffer = Buffer.alloc(bytes);
      assert.equal(await attemptAsync('read', reader, buffer, bytes), bytes);
      return intactNumber(buffer);
    });
    assert.deepEqual(got, numbers(count));
    assert.deepEqual(new Set(await writes), new Set([bytes]));
    finding({
      about: 'guarantee',
      mechanism,
      subject: 'u2u',
      loses: 'never',
      condition: 'while somebody has it open to read: what is in it when the last one goes is gone',
      says: 'a full pipe makes the writer wait',
    });
  });

  test('a writer that will not wait is told of each message that a full pipe does not take', (t) => {
    const { reader, writer } = open(t, O_NONBLOCK);
    const [count, bytes] = [600, 416];
    const { sent, refused, errors, received } = offer(
      {
        count,
        every: 3,
        send: (seq) => {
          const result = attempt('write', writer, message(seq, bytes), bytes);
          return typeof result === 'string' ? result : null;
        },
        receive: () => {
          const buffer = Buffer.alloc(bytes);
          const got = attempt('read', reader, buffer, bytes);
          return numberOrError(got, buffer);
        },
      },
      'EAGAIN',
    );
    assert.ok(refused.length > 0, 'the pipe was full');
    assert.deepEqual(received, sent, 'what was taken comes once, whole and in order, and no read fails');
    assert.deepEqual(errors, ['EAGAIN']);
    finding({
      about: 'loss notice',
      mechanism,
      subject: 'write, O_NONBLOCK',
      direction: 'u2u',
      sender: errors.join(', '),
      receiver: 'nothing',
      says: `${refused.length} of ${count} messages of ${bytes} B refused, the others whole and in order`,
    });
    finding({
      about: 'guarantee',
      mechanism,
      subject: 'u2u, O_NONBLOCK',
      loses: 'when full',
      condition: `the writer is told, by ${errors.join(', ')}, or by a short count beyond PIPE_BUF`,
      says: 'what is taken comes once, whole and in order',
    });
  });
};

/** One after the other, for as many numbers. */
export const inTurn = async <T>(count: number, step: (seq: number) => Promise<T>): Promise<T[]> => {
  const done: T[] = [];
  for (const seq of numbers(count)) done.push(await step(seq));
  return done;
};
