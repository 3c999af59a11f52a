// An anonymous pipe, pipe(7): bytes that one thread writes and another, or the same, reads. Needs no module.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  finding,
  measure,
  type Needs,
  nowhere,
  poll,
  pollAsync,
  sizes,
  startPeer32,
  tickUnit,
  untilBlocked,
} from 'ringcross/guest';
import { capacity, hasBoundaries, keepsAll, survivesDeath } from './byte-stream.ts';
import { holdSigpipe } from './sigpipe.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'] } satisfies Needs;

const mechanism = 'pipe';

// How long the writer's call and the reader's take when each finds what it wants at once.
measure({ mechanism, direction: 'u2u', variant: 'alternating', sizes });

// From the start of the write to the end of a read that was already waiting: the wake-up and the switch included.
measure({ mechanism, direction: 'u2u', variant: 'blocking', sizes });

// From the start of the write to the end of the wait for it: signalling alone, the read comes afterwards.
measure({ mechanism, direction: 'u2u', variant: 'poll', sizes });
measure({ mechanism, direction: 'u2u', variant: 'epoll', sizes });

// The survey's Table 1: 416 bytes as two writes and two reads of 208.
measure({ mechanism, direction: 'u2u', variant: 'two-transfers', sizes: [416] });

// As the survey took its Table 1: messages without a wait between them, one window around all. It sent a million;
// where a tick is an instruction, ten thousand give the same mean.
const messages = tickUnit() === 'cycles' ? 1_000_000 : 10_000;
measure({ mechanism, direction: 'u2u', variant: 'stream', sizes: [416, 1024, 4096], messages });
measure({ mechanism, direction: 'u2u', variant: 'two-transfers-stream', sizes: [416], messages });

/** Both ends of a new pipe; `close` ends one early, the test's end closes what is left. */
const openPipe = (t: TestContext, flags = 0) => {
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, flags | O_CLOEXEC), 0);
  const [reader = -1, writer = -1] = ends;
  const open = new Set([reader, writer]);
  const close = (end: number) => {
    assert.equal(attempt('close', end), 0);
    open.delete(end);
  };
  t.after(() => open.forEach(close));
  return { reader, writer, close };
};

const { O_NONBLOCK } = constants;
const O_CLOEXEC = 0o2000000;

test('bytes come out in order, and a short read leaves the rest', (t) => {
  const { reader, writer } = openPipe(t);
  const buffer = Buffer.alloc(16);
  assert.equal(attempt('write', writer, 'ringcross', 9), 9);
  assert.equal(attempt('read', reader, buffer, 4), 4);
  assert.equal(buffer.toString('latin1', 0, 4), 'ring');
  assert.equal(attempt('read', reader, buffer, 16), 5, 'a read gets what there is, not what it has room for');
  assert.equal(buffer.toString('latin1', 0, 5), 'cross');
});

test('an empty pipe answers EAGAIN to a reader that will not wait', (t) => {
  const { reader } = openPipe(t, O_NONBLOCK);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN');
});

test('a full pipe answers EAGAIN to a writer that will not wait', (t) => {
  const { writer } = openPipe(t, O_NONBLOCK);
  assert.equal(attempt('write', writer, Buffer.alloc(capacity), capacity), capacity);
  assert.equal(attempt('write', writer, Buffer.alloc(1), 1), 'EAGAIN');
});

test('a reader that waits gets what is written later', async (t) => {
  const { reader, writer } = openPipe(t);
  const buffer = Buffer.alloc(8);
  const read = attemptAsync('read', reader, buffer, 8);
  await untilBlocked('read', reader);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(await read, 8);
  assert.equal(buffer.toString('latin1'), 'message!');
});

test('a writer that waits goes on when a reader has made room', async (t) => {
  const { reader, writer } = openPipe(t);
  assert.equal(attempt('write', writer, Buffer.alloc(capacity), capacity), capacity);
  const write = attemptAsync('write', writer, 'message!', 8);
  await untilBlocked('write', writer);
  assert.equal(attempt('read', reader, Buffer.alloc(capacity), capacity), capacity);
  assert.equal(await write, 8);
});

test('a pipe without a writer is at its end once it is empty', (t) => {
  const { reader, writer, close } = openPipe(t);
  assert.equal(attempt('write', writer, 'rest', 4), 4);
  close(writer);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 4);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 0);
});

test('a pipe without a reader answers EPIPE, and sends SIGPIPE', (t) => {
  const { reader, writer, close } = openPipe(t);
  const askForSigpipe = holdSigpipe(t);
  close(reader);
  assert.equal(attempt('write', writer, 'message!', 8), 'EPIPE');
  assert.equal(askForSigpipe(), 'SIGPIPE');
});

for (const [what, address] of Object.entries(nowhere)) {
  test(`${what} is EFAULT both ways, and loses nothing`, (t) => {
    const { reader, writer } = openPipe(t, O_NONBLOCK);
    assert.equal(attempt('write', writer, address, 8), 'EFAULT');
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN', 'nothing was written');
    assert.equal(attempt('write', writer, 'message!', 8), 8);
    assert.equal(attempt('read', reader, address, 8), 'EFAULT');
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 8, 'the bytes are still there');
  });
}

test('each end goes one way', (t) => {
  const { reader, writer } = openPipe(t);
  assert.equal(attempt('read', writer, Buffer.alloc(8), 8), 'EBADF');
  assert.equal(attempt('write', reader, 'message!', 8), 'EBADF');
  assert.equal(attempt('lseek', reader, 0, 0), 'ESPIPE');
});

test('poll tells what each end can do', async (t) => {
  const { reader, writer, close } = openPipe(t, O_NONBLOCK);
  assert.deepEqual(poll(reader), []);
  assert.deepEqual(poll(writer), ['out']);

  assert.equal(attempt('write', writer, Buffer.alloc(capacity), capacity), capacity);
  assert.deepEqual(poll(reader), ['in']);
  assert.deepEqual(poll(writer), []);

  assert.equal(attempt('read', reader, Buffer.alloc(capacity), capacity), capacity);
  const waiting = pollAsync(reader, ['in'], 10_000);
  await untilBlocked('poll');
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.deepEqual(await waiting, ['in'], 'a poll that waits is woken');
  finding({ about: 'signalling', mechanism, subject: 'poll', works: true, says: 'woken' });

  close(reader);
  assert.deepEqual(poll(writer), ['out', 'err']);
});

test('poll tells a reader that the last writer is gone', (t) => {
  const { reader, writer, close } = openPipe(t);
  close(writer);
  assert.deepEqual(poll(reader), ['hup']);
});

test('epoll wakes a thread that waits for a message', async (t) => {
  const { reader, writer } = openPipe(t);
  const epoll = attempt('epoll_create1', O_CLOEXEC);
  assert.ok(typeof epoll === 'number', `epoll_create1: ${epoll}`);
  t.after(() => assert.equal(attempt('close', epoll), 0));
  const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1];
  // struct epoll_event: events, then eight bytes that come back as they are, packed on x86-64.
  const event = Uint32Array.of(EPOLLIN, reader, 0);
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, reader, event), 0);
  const ready = new Uint32Array(3);
  const waiting = attemptAsync('epoll_wait', epoll, ready, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(await waiting, 1);
  assert.deepEqual([...ready], [EPOLLIN, reader, 0]);
  finding({ about: 'signalling', mechanism, subject: 'epoll', works: true, says: 'woken' });
});

test('a message larger than the pipe goes through it in parts', async (t) => {
  const { reader, writer } = openPipe(t);
  const bytes = 16 * capacity;
  const sent = Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));
  const write = attemptAsync('write', writer, sent, bytes);
  const got = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) {
    const part = attempt('read', reader, got.subarray(at), bytes - at);
    assert.ok(typeof part === 'number' && part > 0 && part <= capacity, `${part}`);
    at += part;
  }
  assert.equal(await write, bytes);
  assert.ok(got.equals(sent));
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'write',
    bytes: null,
    says: `${bytes} B crossed a pipe of ${capacity} B, whose writer waits for room; whole or not at all up to PIPE_BUF, 4096 B`,
  });
});

test('an old reader of longer messages takes the new field for the next message', (t) => {
  const { reader, writer } = openPipe(t, O_NONBLOCK);
  const [first, second, field] = [1n, 2n, 0xf1e1dn];
  for (const seq of [first, second])
    assert.equal(attempt('write', writer, BigUint64Array.of(seq, field), 16), 16);
  const old = new BigUint64Array(1);
  const read = [];
  while (attempt('read', reader, old, 8) === 8) read.push(old[0]);
  assert.deepEqual(read, [first, field, second, field], 'no call fails');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more',
    outcome: 'silently wrong',
    says: 'bytes without boundaries: what the old reader leaves is the beginning of its next message',
  });
});

test('a new reader of shorter messages takes a part of the next one for the new field', (t) => {
  const { reader, writer } = openPipe(t, O_NONBLOCK);
  for (const seq of [1n, 2n]) assert.equal(attempt('write', writer, BigUint64Array.of(seq), 8), 8);
  const longer = new BigUint64Array(2);
  assert.equal(attempt('read', reader, longer, 16), 16, 'the call does not fail');
  assert.deepEqual([...longer], [1n, 2n]);
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 less',
    outcome: 'silently wrong',
    says: 'the new reader takes the beginning of the next message for the missing field',
  });
});

test('a 32-bit program exchanges bytes with a 64-bit one', async (t) => {
  const { peer, reader, writer, theirReader, theirWriter } = await sharePipe32(t);
  const sent = Buffer.from(Uint8Array.from({ length: 1024 }, (_, index) => index % 251));
  const got = Buffer.alloc(1024);
  assert.equal(await peer.attempt('write', theirWriter, sent, 1024), 1024);
  assert.equal(attempt('read', reader, got, 1024), 1024);
  assert.ok(got.equals(sent));
  assert.equal(attempt('write', writer, sent, 1024), 1024);
  assert.equal(await peer.attempt('read', theirReader, got.fill(0), 1024), 1024);
  assert.ok(got.equals(sent));
  finding({
    about: 'portability',
    mechanism,
    subject: 'read, write',
    outcome: 'works',
    says: 'plain bytes, the same calls',
  });
});

test('a structure with a long is half as large in a 32-bit program', async (t) => {
  const { peer, reader, theirWriter } = await sharePipe32(t);
  // struct { long seq; long value; }
  assert.equal(await peer.attempt('write', theirWriter, Int32Array.of(1, 2), 8), 8);
  const ours = new BigInt64Array(2);
  assert.equal(attempt('read', reader, ours, 16), 8, 'half of it');
  assert.deepEqual([...ours], [(2n << 32n) | 1n, 0n], 'two fields in one');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a structure with a long',
    outcome: 'breaks',
    says: 'its fields are half as long, and read() is content with half of it',
  });
});

/** A pipe that a 32-bit process has open too. */
const sharePipe32 = async (t: TestContext) => {
  const { reader, writer } = openPipe(t);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = async (end: number, flags: number): Promise<number> => {
    const fd = await peer.attempt('open', `/proc/${process.pid}/fd/${end}`, flags);
    assert.ok(typeof fd === 'number', `open: ${fd}`);
    return fd;
  };
  return {
    peer,
    reader,
    writer,
    theirReader: await theirs(reader, constants.O_RDONLY),
    theirWriter: await theirs(writer, constants.O_WRONLY),
  };
};

for (const declare of [hasBoundaries, survivesDeath, keepsAll]) declare({ mechanism, open: openPipe });
