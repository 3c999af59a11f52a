// An anonymous pipe, pipe(7): bytes that one thread writes and another, or the same, reads. Needs no module.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  measure,
  type Needs,
  poll,
  pollAsync,
  sizes,
  untilBlocked,
} from 'ringcross/guest';

export const needs = {} satisfies Needs;

// How long the writer's call and the reader's take when each finds what it wants at once.
measure({ mechanism: 'pipe', direction: 'u2u', variant: 'alternating', sizes });

// From the start of the write to the end of a read that was already waiting: the wake-up and the switch included.
measure({ mechanism: 'pipe', direction: 'u2u', variant: 'blocking', sizes });

// The survey's Table 1: 416 bytes as two writes and two reads of 208.
measure({ mechanism: 'pipe', direction: 'u2u', variant: 'two-transfers', sizes: [416] });

const capacity = 65536;

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
const nowhere = { 'a null pointer': 0n, 'a kernel address': 0xffff_ffff_8100_0000n };

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

test('a write beyond PIPE_BUF fills what room there is, a smaller one goes in whole or not at all', (t) => {
  const { writer } = openPipe(t, O_NONBLOCK);
  const page = 4096;
  assert.equal(attempt('write', writer, Buffer.alloc(capacity - page), capacity - page), capacity - page);
  assert.equal(attempt('write', writer, Buffer.alloc(2 * page), 2 * page), page);
  assert.equal(attempt('write', writer, Buffer.alloc(page), page), 'EAGAIN');
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
  const sigpipe = 13;
  const only = BigUint64Array.of(1n << BigInt(sigpipe - 1));
  const before = new BigUint64Array(1);
  const [block, set] = [0, 2];
  // Blocked, the signal stays pending even where it is ignored, as Node.js does, until it is waited for.
  assert.equal(attempt('rt_sigprocmask', block, only, before, 8), 0);
  t.after(() => assert.equal(attempt('rt_sigprocmask', set, before, 0, 8), 0));
  const atOnce = new BigUint64Array(2);
  assert.equal(attempt('rt_sigtimedwait', only, 0, atOnce, 8), 'EAGAIN', 'no such signal yet');

  close(reader);
  assert.equal(attempt('write', writer, 'message!', 8), 'EPIPE');
  assert.equal(attempt('rt_sigtimedwait', only, 0, atOnce, 8), sigpipe);
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
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.deepEqual(await waiting, ['in'], 'a poll that waits is woken');

  close(reader);
  assert.deepEqual(poll(writer), ['out', 'err']);
});

test('poll tells a reader that the last writer is gone', (t) => {
  const { reader, writer, close } = openPipe(t);
  close(writer);
  assert.deepEqual(poll(reader), ['hup']);
});
