// POSIX shared memory, shm_overview(7): a file of the tmpfs at /dev/shm, mapped by both sides. What crosses the border is
// page faults, and futex(2) where a side waits. Needs no module.
import assert from 'node:assert/strict';
import { constants, existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  finding,
  measure,
  type Needs,
  outcome,
  poll,
  probe,
  sizes,
  startPeer32,
  syscall,
  tickUnit,
  untilBlocked,
} from 'ringcross/guest';

export const needs = {
  config: ['CONFIG_SHMEM', 'CONFIG_TMPFS', 'CONFIG_FUTEX', 'CONFIG_IA32_EMULATION'],
} satisfies Needs;

const mechanism = 'shm';

// The sender copies and wakes, the receiver is blocked in FUTEX_WAIT and copies: wake-up and switch included.
measure({ mechanism, direction: 'u2u', variant: 'futex', sizes });

// No call at all: one side copies and counts up, the other sees the count and copies. Both are one thread here, so the
// receiver's first look finds the message; between two CPUs the way of a cache line would come on top.
measure({ mechanism, direction: 'u2u', variant: 'spinning', sizes });

// The same into pages that nobody has touched: the sender's faults allocate and clear, the receiver's map what is there,
// sixteen pages at once. The survey's "start up delay is high because of page mapping".
measure({ mechanism, direction: 'u2u', variant: 'first-touch', sizes });

// As the survey took its Table 1: messages without a wait between them, one window around all. A ring of sixteen messages;
// a side waits by futex when it is full or empty. The survey sent a million; where a tick is an instruction, ten thousand
// give the same mean.
const messages = tickUnit() === 'cycles' ? 1_000_000 : 10_000;
measure({ mechanism, direction: 'u2u', variant: 'stream', sizes: [416, 1024, 4096], messages });

const page = 4096;
const path = '/dev/shm/ringcross';
const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = constants;
const [PROT_READ, PROT_WRITE] = [1, 2];
const MAP_SHARED = 1;
const [FUTEX_WAIT, FUTEX_WAKE, FUTEX_PRIVATE_FLAG] = [0, 1, 128];

/** A new file of shared memory, without its name when the test ends. */
const openShared = (t: TestContext, bytes: number): number => {
  const fd = attempt('open', path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  t.after(() => {
    attempt('unlink', path);
    assert.equal(attempt('close', fd), 0);
  });
  assert.equal(attempt('ftruncate', fd, bytes), 0);
  return fd;
};

/** The file's memory, at an address of its own. */
const map = (t: TestContext, fd: number, bytes: number, protection = PROT_READ | PROT_WRITE): bigint => {
  const address = syscall('mmap', 0, bytes, protection, MAP_SHARED, fd, 0);
  assert.ok(address > 0n, `mmap: ${outcome(address)}`);
  t.after(() => assert.equal(attempt('munmap', address, bytes), 0));
  return address;
};

/** One page that two sides see, each at its own address. */
const share = (t: TestContext) => {
  const fd = openShared(t, page);
  return { fd, writer: map(t, fd, page), reader: map(t, fd, page) };
};

/** Stores words of 32 bits one after the other; the signal that this brought, or null. */
const store = (address: bigint, ...words: number[]): string | null => {
  for (const [index, word] of words.entries()) {
    const { signal } = probe(mechanism, 'store', address + BigInt(4 * index), word);
    if (signal) return signal;
  }
  return null;
};

/** A word of 32 bits, or the signal that loading it brought. */
const load = (address: bigint): number | string => {
  const { value, signal } = probe(mechanism, 'load', address);
  return signal ?? Number(value);
};

test('what one side stores the other loads, at another address', (t) => {
  const { writer, reader } = share(t);
  assert.notEqual(writer, reader);
  assert.equal(store(writer + 8n, 1, 0xffff_ffff), null);
  assert.deepEqual([load(reader + 8n), load(reader + 12n)], [1, 0xffff_ffff]);
});

test('a new file has no memory: beyond its end is SIGBUS until ftruncate has made it longer', (t) => {
  const fd = openShared(t, 0);
  const address = map(t, fd, 2 * page);
  assert.equal(load(address), 'SIGBUS');
  assert.equal(attempt('ftruncate', fd, page), 0);
  assert.equal(load(address), 0);
  assert.equal(load(address + 4096n), 'SIGBUS');
  assert.equal(store(address + 4096n, 1), 'SIGBUS');
});

test('who makes the file shorter takes the memory from everybody', (t) => {
  const { fd, writer, reader } = share(t);
  assert.equal(store(writer, 7), null);
  assert.equal(attempt('ftruncate', fd, 0), 0);
  assert.equal(load(reader), 'SIGBUS');
  assert.equal(attempt('ftruncate', fd, page), 0);
  assert.equal(load(reader), 0, 'what was there is gone');
});

test('memory goes one way where it is mapped or opened so', (t) => {
  const { fd, writer } = share(t);
  const readOnly = map(t, fd, page, PROT_READ);
  assert.equal(store(writer, 7), null);
  assert.equal(load(readOnly), 7);
  assert.equal(store(readOnly, 8), 'SIGSEGV');
  const forReading = attempt('open', path, O_RDONLY);
  assert.ok(typeof forReading === 'number');
  t.after(() => assert.equal(attempt('close', forReading), 0));
  assert.equal(attempt('mmap', 0, page, PROT_READ | PROT_WRITE, MAP_SHARED, forReading, 0), 'EACCES');
  assert.equal(attempt('ftruncate', forReading, 2 * page), 'EINVAL');
});

test('the name is for finding it: memory that is mapped stays without', (t) => {
  const { fd, writer, reader } = share(t);
  assert.equal(attempt('open', path, O_RDWR | O_CREAT | O_EXCL, 0o600), 'EEXIST');
  assert.equal(attempt('unlink', path), 0);
  assert.equal(existsSync(path), false);
  assert.equal(attempt('open', path, O_RDWR), 'ENOENT');
  assert.equal(store(writer, 7), null);
  assert.equal(load(reader), 7);
  assert.equal(load(map(t, fd, page)), 7, 'and the descriptor still leads to it');
});

test('the file and what is in it outlive who made them', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('open', path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  t.after(() => assert.equal(attempt('unlink', path), 0));
  assert.equal(await peer.attempt('write', theirs, 'message!', 8), 8);
  await peer.stop();
  const ours = attempt('open', path, O_RDONLY);
  assert.ok(typeof ours === 'number');
  t.after(() => assert.equal(attempt('close', ours), 0));
  const back = Buffer.alloc(8);
  assert.equal(attempt('read', ours, back, 8), 8);
  assert.equal(back.toString('latin1'), 'message!');
});

test('a file may be as large as files are, its memory as large as the filesystem', (t) => {
  const fd = openShared(t, 0);
  const most = 2n ** 63n - 1n;
  assert.equal(attempt('ftruncate', fd, most), 0, 'a promise of pages, none of them there');
  assert.equal(attempt('ftruncate', fd, -1), 'EINVAL');
  assert.equal(attempt('fallocate', fd, 0, 0, 2n ** 40n), 'ENOSPC', 'whoever wants to be sure asks first');
  const bytes = 1 << 24;
  assert.equal(attempt('ftruncate', fd, 0), 0);
  assert.equal(attempt('fallocate', fd, 0, 0, bytes), 0);
  const [writer, reader] = [map(t, fd, bytes), map(t, fd, bytes)];
  const last = BigInt(bytes - 4);
  assert.equal(store(writer + last, 7), null);
  assert.equal(load(reader + last), 7);
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'store, load',
    bytes: null,
    says: `none of its own: ${bytes} B at once; memory of the tmpfs, ENOSPC from fallocate() or SIGBUS beyond`,
  });
});

test('nothing keeps a reader from seeing half of a message', (t) => {
  const { writer, reader } = share(t);
  const look = () => [load(reader), load(reader + 4n)];
  assert.equal(store(writer, 1, 1), null);
  assert.deepEqual(look(), [1, 1]);
  assert.equal(store(writer, 2), null);
  assert.deepEqual(look(), [2, 1], 'the new first half and the old second half: a message that nobody sent');
  assert.equal(store(writer + 4n, 2), null);
  assert.deepEqual(look(), [2, 2]);
});

test('a futex wakes who waits at another address of the same memory', async (t) => {
  const { writer, reader } = share(t);
  const waiting = attemptAsync('futex', reader, FUTEX_WAIT, 0, 0);
  await untilBlocked('futex', Number(reader));
  assert.equal(
    attempt('futex', writer, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1),
    0,
    'a private one is of one address',
  );
  assert.equal(store(writer, 1), null);
  assert.equal(attempt('futex', writer, FUTEX_WAKE, 1), 1, 'one was woken');
  assert.equal(await waiting, 0);
  assert.equal(attempt('futex', writer, FUTEX_WAKE, 1), 0, 'nobody is left');
  finding({
    about: 'signalling',
    mechanism,
    subject: 'futex',
    works: true,
    says: 'woken, by a call of its own beside the memory',
  });
});

test('a futex whose word has changed is EAGAIN: nobody sleeps through a message', (t) => {
  const { writer, reader } = share(t);
  assert.equal(store(writer, 1), null);
  assert.equal(attempt('futex', reader, FUTEX_WAIT, 0, 0), 'EAGAIN');
});

test('a futex wait with a time limit ends with ETIMEDOUT', (t) => {
  const { reader } = share(t);
  assert.equal(attempt('futex', reader, FUTEX_WAIT, 0, BigInt64Array.of(0n, 1n)), 'ETIMEDOUT');
});

test('a futex at a bad address is EFAULT, at an odd one EINVAL', (t) => {
  const { reader } = share(t);
  for (const address of [0n, 0xffff_ffff_8100_0000n])
    assert.equal(attempt('futex', address, FUTEX_WAIT, 0, 0), 'EFAULT');
  assert.equal(attempt('futex', reader + 1n, FUTEX_WAIT, 0, 0), 'EINVAL');
  assert.equal(attempt('futex', reader, FUTEX_WAIT, 0, 0xffff_ffff_8100_0000n), 'EFAULT', 'the time limit');
});

test('poll cannot wait for a store: the file is always ready', (t) => {
  const { fd, writer } = share(t);
  assert.deepEqual(poll(fd), ['in', 'out'], 'nothing has been stored');
  assert.equal(store(writer, 1), null);
  assert.deepEqual(poll(fd), ['in', 'out'], 'and nothing changes');
  const epoll = attempt('epoll_create1', 0);
  assert.ok(typeof epoll === 'number');
  t.after(() => assert.equal(attempt('close', epoll), 0));
  const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1];
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, Uint32Array.of(EPOLLIN, 0, 0)), 'EPERM');
  finding({
    about: 'signalling',
    mechanism,
    subject: 'poll',
    works: false,
    says: 'always ready: poll answers at once, epoll refuses the file with EPERM',
  });
});

test('an old reader does not see a field at the end of the only message', (t) => {
  const { writer, reader } = share(t);
  // The number, then the new field.
  for (const seq of [1, 2]) {
    assert.equal(store(writer, seq, 0, 0xf1e1d, 0), null);
    assert.deepEqual([load(reader), load(reader + 4n)], [seq, 0]);
  }
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more, a single message',
    outcome: 'works',
    says: 'what the old reader knows is where it was',
  });
});

test('an old reader of a ring looks for the next message where the new field is', (t) => {
  const { writer, reader } = share(t);
  const [oldBytes, newBytes, field] = [8n, 16n, 0xf1e1d];
  for (const [index, seq] of [1, 2].entries())
    assert.equal(store(writer + newBytes * BigInt(index), seq, 0, field, 0), null);
  const numbers = [0n, 1n].map((index) => load(reader + oldBytes * index));
  assert.deepEqual(numbers, [1, field], 'nothing tells');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more, in a ring',
    outcome: 'silently wrong',
    says: 'each side has its own idea of where a message begins, and nobody checks',
  });
});

/** A 32-bit process and where it has the page of `share`. */
const shareWith32 = async (t: TestContext) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const fd = await peer.attempt('open', path, O_RDWR);
  const theirs = await peer.attempt('mmap2', 0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  assert.ok(typeof theirs === 'number', `mmap2: ${theirs}`);
  return { peer, theirs };
};

test('a 32-bit program shares memory with a 64-bit one, and wakes it', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  const waiting = attemptAsync('futex', reader, FUTEX_WAIT, 0, 0);
  await untilBlocked('futex', Number(reader));
  await peer.poke(theirs, Uint32Array.of(1, 0xdead_beef));
  assert.equal(await peer.attempt('futex', theirs, FUTEX_WAKE, 1), 1);
  assert.equal(await waiting, 0);
  assert.deepEqual([load(reader), load(reader + 4n)], [1, 0xdead_beef]);
  assert.equal(store(reader + 8n, 7), null);
  assert.equal((await peer.peek(theirs + 8, 4)).readUInt32LE(), 7);
  finding({
    about: 'portability',
    mechanism,
    subject: 'fields of fixed size, futex',
    outcome: 'works',
    says: 'the same bytes at both addresses; a futex is a word of 32 bits for both',
  });
});

test('a structure with a long or a pointer lies differently in a 32-bit program', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  // struct { long seq; long value; }: the second one begins at 4 there, at 8 here.
  await peer.poke(theirs, Int32Array.of(1, 2));
  const ours = [0n, 4n, 8n, 12n].map((offset) => load(reader + offset));
  assert.deepEqual(ours, [1, 2, 0, 0], 'seq is 2^33 + 1, value is 0');
  assert.ok(reader > 0xffff_ffffn, 'and an address of ours does not fit into a pointer of its');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a structure with a long',
    outcome: 'breaks',
    says: 'its fields lie elsewhere, and nothing tells; nor is an address the same to both',
  });
});
