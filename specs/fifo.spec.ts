// A named pipe, fifo(7): the buffer of a pipe, which processes that have nothing in common find by a name. No module.
import assert from 'node:assert/strict';
import { constants, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
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
import { capacity, hasBoundaries, keepsAll, pipeBuf, survivesDeath } from './byte-stream.ts';
import { holdSigpipe } from './sigpipe.ts';

export const needs = { config: ['CONFIG_TMPFS', 'CONFIG_IA32_EMULATION'] } satisfies Needs;

const mechanism = 'fifo';

// How long the writer's call and the reader's take when each finds what it wants at once.
measure({ mechanism, direction: 'u2u', variant: 'alternating', sizes });

// From the start of the write to the end of a read that was already waiting: the wake-up and the switch included.
measure({ mechanism, direction: 'u2u', variant: 'blocking', sizes });

// From the start of the write to the end of the wait for it: signalling alone, the read comes afterwards.
measure({ mechanism, direction: 'u2u', variant: 'poll', sizes });

// As the survey's Table 1 has it of a pipe: 416 bytes as two writes and two reads of 208.
measure({ mechanism, direction: 'u2u', variant: 'two-transfers', sizes: [416] });

// Messages without a wait between them, one window around all, as the survey took its Table 1. It sent a million; where
// a tick is an instruction, ten thousand give the same mean.
const messages = tickUnit() === 'cycles' ? 1_000_000 : 10_000;
measure({ mechanism, direction: 'u2u', variant: 'stream', sizes: [416, 1024, 4096], messages });
measure({ mechanism, direction: 'u2u', variant: 'two-transfers-stream', sizes: [416], messages });

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, S_IFIFO } = constants;

/** A new FIFO in a folder of its own, gone when the test ends; `open` gives descriptors that are closed by then. */
const makeFifo = (t: TestContext) => {
  const folder = mkdtempSync('/tmp/fifo-');
  t.after(() => rmSync(folder, { recursive: true }));
  const path = `${folder}/fifo`;
  assert.equal(attempt('mknod', path, S_IFIFO | 0o600, 0), 0);
  const fds = new Set<number>();
  const keep = (fd: number | string): number => {
    assert.ok(typeof fd === 'number', `open: ${fd}`);
    fds.add(fd);
    return fd;
  };
  const open = (flags: number): number => keep(attempt('open', path, flags));
  const close = (fd: number) => {
    assert.equal(attempt('close', fd), 0);
    fds.delete(fd);
  };
  t.after(() => fds.forEach(close));
  return { folder, path, keep, open, close };
};

/** A FIFO with both ends open. Neither will wait if `flags` has O_NONBLOCK. */
const openFifo = (t: TestContext, flags = 0) => {
  const fifo = makeFifo(t);
  // A descriptor for both ways opens without the other side; it makes up for the writer until there is one.
  const both = fifo.open(O_RDWR);
  const reader = fifo.open(O_RDONLY | flags);
  const writer = fifo.open(O_WRONLY | flags);
  fifo.close(both);
  return { ...fifo, reader, writer };
};

for (const [side, flags, other] of [
  ['reading', O_RDONLY, O_WRONLY],
  ['writing', O_WRONLY, O_RDONLY],
] as const) {
  test(`opening for ${side} waits until the other side opens`, async (t) => {
    const { folder, keep, open } = makeFifo(t);
    const place = keep(attempt('open', folder, O_RDONLY));
    const opening = attemptAsync('openat', place, 'fifo', flags, 0);
    await untilBlocked('openat', place);
    const theirs = open(other);
    const ours = keep(await opening);
    const [reader, writer] = flags === O_RDONLY ? [ours, theirs] : [theirs, ours];
    assert.equal(attempt('write', writer, 'message!', 8), 8);
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 8);
  });
}

test('without a reader, opening for writing that will not wait is ENXIO; without a writer, reading is at its end', (t) => {
  const { path, open } = makeFifo(t);
  assert.equal(attempt('open', path, O_WRONLY | O_NONBLOCK), 'ENXIO');
  const reader = open(O_RDONLY | O_NONBLOCK);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 0);
  open(O_WRONLY | O_NONBLOCK);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN', 'now somebody may write');
});

test('bytes come out in order, whichever opener wrote them, and a short read leaves the rest', (t) => {
  const { open, reader, writer } = openFifo(t);
  const second = open(O_WRONLY);
  assert.equal(attempt('write', writer, 'ring', 4), 4);
  assert.equal(attempt('write', second, 'cross', 5), 5);
  const buffer = Buffer.alloc(16);
  assert.equal(attempt('read', reader, buffer, 6), 6);
  assert.equal(buffer.toString('latin1', 0, 6), 'ringcr');
  assert.equal(attempt('read', reader, buffer, 16), 3);
  assert.equal(buffer.toString('latin1', 0, 3), 'oss');
});

test('an empty FIFO is EAGAIN to a reader that will not wait, a full one to a writer', (t) => {
  const { reader, writer } = openFifo(t, O_NONBLOCK);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN');
  assert.equal(attempt('write', writer, Buffer.alloc(capacity), capacity), capacity);
  assert.equal(attempt('write', writer, Buffer.alloc(1), 1), 'EAGAIN');
});

test('a reader that waits gets what is written later', async (t) => {
  const { reader, writer } = openFifo(t);
  const buffer = Buffer.alloc(8);
  const read = attemptAsync('read', reader, buffer, 8);
  await untilBlocked('read', reader);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(await read, 8);
  assert.equal(buffer.toString('latin1'), 'message!');
});

test('what two writers write at once stays whole up to PIPE_BUF', async (t) => {
  const { open, reader, writer } = openFifo(t);
  const second = open(O_WRONLY);
  // Room for half a message: both writers wait, and neither has put a byte in.
  const filled = capacity - pipeBuf / 2;
  for (let at = 0; at < filled; at += pipeBuf / 2)
    assert.equal(attempt('write', writer, Buffer.alloc(pipeBuf / 2), pipeBuf / 2), pipeBuf / 2);
  const writes = [];
  for (const [fd, letter] of [
    [writer, 'a'],
    [second, 'b'],
  ] as const) {
    writes.push(attemptAsync('write', fd, letter.repeat(pipeBuf), pipeBuf));
    await untilBlocked('write', fd);
  }
  assert.equal(attempt('read', reader, Buffer.alloc(filled), filled), filled);
  assert.deepEqual(await Promise.all(writes), [pipeBuf, pipeBuf]);
  const got = Buffer.alloc(2 * pipeBuf);
  assert.equal(attempt('read', reader, got, got.length), got.length);
  const order = [got, got.subarray(pipeBuf)].map((half) => half.toString('latin1', 0, pipeBuf));
  assert.deepEqual(order.toSorted(), ['a'.repeat(pipeBuf), 'b'.repeat(pipeBuf)]);
});

test('a writer without a reader gets EPIPE and SIGPIPE, and goes on when there is a new reader', (t) => {
  const { open, close, reader, writer } = openFifo(t, O_NONBLOCK);
  const askForSigpipe = holdSigpipe(t);
  close(reader);
  assert.equal(attempt('write', writer, 'message!', 8), 'EPIPE');
  assert.equal(askForSigpipe(), 'SIGPIPE');
  const another = open(O_RDONLY | O_NONBLOCK);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(attempt('read', another, Buffer.alloc(8), 8), 8);
});

test('only the name lasts: what nobody read is gone when the last opener closes', (t) => {
  const { folder, path, open, close, reader, writer } = openFifo(t);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(statSync(path).size, 0, 'no file holds the bytes');
  close(reader);
  close(writer);
  assert.deepEqual(readdirSync(folder), ['fifo']);
  assert.equal(attempt('read', open(O_RDWR | O_NONBLOCK), Buffer.alloc(8), 8), 'EAGAIN');
});

test('a FIFO that is open needs no name', (t) => {
  const { path, reader, writer } = openFifo(t);
  assert.equal(attempt('unlink', path), 0);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 8);
});

test('a name is made once, and only where a filesystem makes files', (t) => {
  const { path } = makeFifo(t);
  assert.equal(attempt('mknod', path, S_IFIFO | 0o600, 0), 'EEXIST');
  assert.equal(attempt('mknod', '/proc/fifo', S_IFIFO | 0o600, 0), 'ENOENT', 'procfs makes no files');
  assert.equal(attempt('mknod', 0n, S_IFIFO | 0o600, 0), 'EFAULT');
});

for (const [what, address] of Object.entries(nowhere)) {
  test(`${what} is EFAULT both ways, and loses nothing`, (t) => {
    const { reader, writer } = openFifo(t, O_NONBLOCK);
    assert.equal(attempt('write', writer, address, 8), 'EFAULT');
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN', 'nothing was written');
    assert.equal(attempt('write', writer, 'message!', 8), 8);
    assert.equal(attempt('read', reader, address, 8), 'EFAULT');
    assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 8, 'the bytes are still there');
  });
}

test('there is no position to seek to', (t) => {
  assert.equal(attempt('lseek', openFifo(t).reader, 0, 0), 'ESPIPE');
});

test('poll wakes a reader, and tells when the last writer is gone', async (t) => {
  const { close, reader, writer } = openFifo(t);
  assert.deepEqual(poll(reader), []);
  assert.deepEqual(poll(writer), ['out']);
  const waiting = pollAsync(reader, ['in'], 10_000);
  await untilBlocked('poll');
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  assert.deepEqual(await waiting, ['in']);
  close(writer);
  assert.deepEqual(poll(reader), ['in', 'hup']);
  finding({ about: 'signalling', mechanism, subject: 'poll', works: true, says: 'woken' });
});

test('a message larger than the FIFO goes through it in parts', async (t) => {
  const { reader, writer } = openFifo(t);
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
    says: `${bytes} B crossed a buffer of ${capacity} B, whose writer waits for room; whole or not at all up to PIPE_BUF, ${pipeBuf} B`,
  });
});

test('an old reader of longer messages takes the new field for the next message', (t) => {
  const { reader, writer } = openFifo(t, O_NONBLOCK);
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

test('a 32-bit program finds a FIFO by its name and exchanges bytes with a 64-bit one', async (t) => {
  const { path, reader, writer } = openFifo(t);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirReader = await peer.attempt('open', path, O_RDONLY);
  const theirWriter = await peer.attempt('open', path, O_WRONLY);
  assert.deepEqual([theirReader, theirWriter], [3, 4]);
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
    subject: 'open, read, write',
    outcome: 'works',
    says: 'plain bytes, the same calls',
  });
});

test('a structure with a long is half as large in a 32-bit program', async (t) => {
  const { path, reader } = openFifo(t);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('open', path, O_WRONLY);
  // struct { long seq; long value; }
  assert.equal(await peer.attempt('write', theirs, Int32Array.of(1, 2), 8), 8);
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

for (const declare of [hasBoundaries, survivesDeath, keepsAll]) declare({ mechanism, open: openFifo });

test('a reader that has the FIFO open for both ways is not told that its only writer was killed', async (t) => {
  const { path, open } = makeFifo(t);
  const reader = open(O_RDWR | O_NONBLOCK);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('open', path, O_WRONLY);
  assert.equal(await peer.attempt('write', theirs, 'mess', 4), 4);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 4);
  await peer.stop();
  const told = attempt('read', reader, Buffer.alloc(8), 8);
  assert.equal(told, 'EAGAIN', 'as before its death');
  assert.deepEqual(poll(reader), ['out']);
  finding({
    about: 'death',
    mechanism,
    subject: 'between two writes, to a reader with O_RDWR',
    direction: 'u2u',
    of: 'writer',
    survivor: 'nothing',
    says: 'the reader is a writer of its own, so that the end never comes',
  });
});
