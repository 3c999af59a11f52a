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
  type Peer32,
  poll,
  pollAsync,
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
/** Of a futex word whose other bits are the owner's thread. */
const [FUTEX_WAITERS, FUTEX_OWNER_DIED] = [0x8000_0000, 0x4000_0000];
/** Of i386. */
const setRobustList32 = 311;

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
  const last = store(address + 4092n, 1);
  assert.equal(last, null);
  const beyond = store(address + 4096n, 1);
  assert.equal(beyond, 'SIGBUS');
  for (const [size, bytes, signal, says] of [
    ['largest', page, last, 'as large as the file, which ftruncate makes longer'],
    ['one more', page + 1, beyond, 'mapped, but beyond the end of the file'],
  ] as const)
    finding({
      about: 'boundary',
      mechanism,
      subject: `store, a file of ${page} B`,
      direction: 'u2u',
      size,
      bytes,
      result: signal ?? 'taken',
      says,
    });
});

test('a message of no bytes is its number alone', (t) => {
  const { fd, writer, reader } = share(t);
  const signal = store(writer, 1);
  assert.equal(load(reader), 1);
  const mapped = attempt('mmap', 0, 0, PROT_READ, MAP_SHARED, fd, 0);
  assert.equal(mapped, 'EINVAL');
  for (const [subject, result, says] of [
    ['store', signal ?? 'taken', 'the number that both sides count is all that changes'],
    ['mmap', mapped, 'there is no memory of 0 bytes'],
  ] as const)
    finding({
      about: 'boundary',
      mechanism,
      subject,
      direction: 'u2u',
      size: 'empty',
      bytes: 0,
      result,
      says,
    });
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

/**
 * Where things lie in memory through which one message goes at a time. The number is odd while the message is written, and
 * the writer says who it is; its lock is a futex, and an entry of the list of locks that the writer holds.
 */
const slot = { lock: 0, entry: 8, number: 16, pid: 20, first: 24, second: 28 } as const;

const at = (base: bigint, field: keyof typeof slot): bigint => base + BigInt(slot[field]);

/** What a reader who looks finds: a message, or why there is none. */
const look = (reader: bigint): number[] | 'being written' | 'its writer has died' => {
  if (Number(load(at(reader, 'number'))) % 2 === 0)
    return [Number(load(at(reader, 'first'))), Number(load(at(reader, 'second')))];
  const alive = attempt('kill', Number(load(at(reader, 'pid'))), 0) !== 'ESRCH';
  return alive ? 'being written' : 'its writer has died';
};

/** A writer in a process of its own: what it stores, step by step. */
const writerOf = (peer: Peer32, theirs: number) => {
  const put = (field: keyof typeof slot, ...words: number[]) =>
    peer.poke(theirs + slot[field], Uint32Array.from(words));
  return {
    put,
    /** Begins message number `count`, and stores the first of its two words, which are the same. */
    begin: async (count: number) => {
      await put('pid', peer.pid);
      await put('number', 2 * count - 1);
      await put('first', count);
    },
    end: async (count: number) => {
      await put('second', count);
      await put('number', 2 * count);
    },
  };
};

test('a number that stays odd and a process that is gone: a reader detects a writer that died mid-message', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  const writer = writerOf(peer, theirs);
  await writer.begin(1);
  await writer.end(1);
  assert.deepEqual(look(reader), [1, 1]);
  await writer.begin(2);
  assert.equal(look(reader), 'being written');
  await peer.stop();
  const survivor = look(reader);
  assert.equal(survivor, 'its writer has died');
  assert.deepEqual(
    [load(at(reader, 'first')), load(at(reader, 'second'))],
    [2, 1],
    'no message: half of each',
  );
  finding({
    about: 'death',
    mechanism,
    subject: 'between two stores, a number that is odd meanwhile',
    direction: 'u2u',
    of: 'writer',
    survivor: 'detected when it looks: ESRCH',
    says: 'kill(pid, 0), once the process has been waited for, and if its pid has not been given away',
  });
});

test('a pidfd wakes a reader when the writer dies, while a signal still reaches the zombie', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  await writerOf(peer, theirs).begin(1);
  const pidfd = attempt('pidfd_open', peer.pid, 0);
  assert.ok(typeof pidfd === 'number', `pidfd_open: ${pidfd}`);
  t.after(() => assert.equal(attempt('close', pidfd), 0));
  assert.deepEqual(poll(pidfd), []);
  const waiting = pollAsync(pidfd, ['in'], 10_000);
  await untilBlocked('poll');
  const SIGKILL = 9;
  assert.equal(attempt('kill', peer.pid, SIGKILL), 0);
  // Waits here, without giving Node.js a chance to wait for its child, which would end the zombie.
  const deadline = performance.now() + 10_000;
  while (!poll(pidfd, ['in']).includes('in')) assert.ok(performance.now() < deadline, 'it dies');
  assert.equal(look(reader), 'being written', 'by its pid it seems to be alive');
  const told = await waiting;
  assert.ok(told.includes('in'), `${told}`);
  await peer.stop();
  assert.equal(look(reader), 'its writer has died');
  finding({
    about: 'death',
    mechanism,
    subject: 'between two stores, its pidfd in poll',
    direction: 'u2u',
    of: 'writer',
    survivor: 'woken: poll tells in',
    says: 'at once, and never mistaken for another process; by its pid it seems alive until it is waited for',
  });
});

/** Locks for the writer; with the list of robust locks the kernel unlocks what a dead process has held. */
const lockFor = async (peer: Peer32, theirs: number, robust: boolean): Promise<void> => {
  const writer = writerOf(peer, theirs);
  if (robust) {
    // struct robust_list_head of i386: the first entry, from an entry to its lock, a lock about to be taken.
    const list = await peer.place(Uint32Array.of(theirs + slot.entry, slot.lock - slot.entry, 0));
    // The only entry leads back to the head.
    await writer.put('entry', list);
    assert.equal(await peer.attempt(setRobustList32, list, 12), 0);
  }
  // A store where several could want it would be a compare-and-exchange. Its only thread has the number of the process.
  await writer.put('lock', peer.pid);
};

test('a robust futex wakes the reader of a writer that died mid-message, and it repairs what is there', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  const writer = writerOf(peer, theirs);
  await writer.begin(1);
  await writer.end(1);
  await lockFor(peer, theirs, true);
  await writer.begin(2);

  const lock = at(reader, 'lock');
  // Whoever unlocks is told that somebody waits.
  const held = peer.pid + FUTEX_WAITERS;
  assert.equal(store(lock, held), null);
  const waiting = attemptAsync('futex', lock, FUTEX_WAIT, held, BigInt64Array.of(10n, 0n));
  await untilBlocked('futex', Number(lock));
  await peer.stop();
  assert.equal(await waiting, 0, 'woken, by nobody but the kernel');
  assert.equal(load(lock), FUTEX_WAITERS + FUTEX_OWNER_DIED);
  finding({
    about: 'death',
    mechanism,
    subject: 'between two stores, holding a robust futex',
    direction: 'u2u',
    of: 'writer',
    survivor: 'woken: FUTEX_OWNER_DIED',
    says: 'the kernel goes through the list of locks of whoever dies, and wakes one who waits',
  });

  // Whoever is woken has the lock now, and knows from the number that the message is half of one.
  assert.equal(look(reader), 'its writer has died');
  assert.equal(store(at(reader, 'number'), 2), null);
  assert.equal(store(lock, 0), null);
  const another = await shareWith32(t);
  await lockFor(another.peer, another.theirs, true);
  const next = writerOf(another.peer, another.theirs);
  await next.begin(2);
  await next.end(2);
  await next.put('lock', 0);
  const got = look(reader);
  assert.deepEqual(got, [2, 2]);
  finding({
    about: 'recovery',
    mechanism,
    subject: 'a writer that died mid-message, robust futex',
    works: true,
    says: 'the reader takes the lock over and discards the half; the next writer sends the message again',
  });
});

test('a lock that is not in the list of its dead owner stays locked, and nobody is woken', async (t) => {
  const { reader } = share(t);
  const { peer, theirs } = await shareWith32(t);
  await lockFor(peer, theirs, false);
  await writerOf(peer, theirs).begin(1);
  const owner = peer.pid;
  await peer.stop();
  const lock = at(reader, 'lock');
  assert.equal(load(lock), owner);
  assert.equal(attempt('futex', lock, FUTEX_WAIT, owner, BigInt64Array.of(0n, 1_000_000n)), 'ETIMEDOUT');
  assert.equal(load(lock), owner);
  finding({
    about: 'death',
    mechanism,
    subject: 'between two stores, holding a plain futex',
    direction: 'u2u',
    of: 'writer',
    survivor: 'nothing',
    says: 'the lock stays its own; a reader without a time limit waits for ever',
  });
});

test('a writer is not told that the reader was killed while it waited', async (t) => {
  const { writer } = share(t);
  const { peer, theirs } = await shareWith32(t);
  await peer.killIn('futex', theirs, FUTEX_WAIT, 0, 0);
  const told = [store(writer, 1), attempt('futex', writer, FUTEX_WAKE, 1)];
  assert.deepEqual(told, [null, 0]);
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in futex',
    direction: 'u2u',
    of: 'reader',
    survivor: 'nothing',
    says: 'stores work on, and FUTEX_WAKE wakes none, as where the reader is only busy',
  });
});

test('a message that nobody has read is overwritten by the next, and nobody is told', (t) => {
  const { writer, reader } = share(t);
  const told = [1, 2].map((seq) => store(writer, seq));
  assert.deepEqual(told, [null, null]);
  assert.equal(load(reader), 2);
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'store over a message that was not read',
    direction: 'u2u',
    sender: 'nothing',
    receiver: 'nothing',
    says: 'a gap in the numbers is what a reader can see',
  });
});

test('a writer that waits for the count of the reader loses nothing', async (t) => {
  const { writer, reader } = share(t);
  const [count, slots] = [20, 4];
  const [written, read] = [0n, 64n];
  /** From where a side sees the memory to the slot of a message, which is its number twice. */
  const place = (seq: number) => BigInt(128 + 8 * (seq % slots));
  const waitWhile = async (word: bigint, value: number) => {
    while (load(word) === value) await attemptAsync('futex', word, FUTEX_WAIT, value, 0);
  };
  const writing = (async () => {
    const signals = new Set<string | null>();
    for (let seq = 0; seq < count; seq++) {
      if (seq >= slots) await waitWhile(writer + read, seq - slots);
      signals.add(store(writer + place(seq), seq, seq));
      signals.add(store(writer + written, seq + 1));
      attempt('futex', writer + written, FUTEX_WAKE, 1);
    }
    return [...signals];
  })();
  await untilBlocked('futex', Number(writer + read));
  assert.equal(load(reader + written), slots, 'the ring is full, and the writer waits');
  const got = [];
  for (let seq = 0; seq < count; seq++) {
    await waitWhile(reader + written, seq);
    got.push([load(reader + place(seq)), load(reader + place(seq) + 4n)]);
    assert.equal(store(reader + read, seq + 1), null);
    attempt('futex', reader + read, FUTEX_WAKE, 1);
  }
  assert.deepEqual(await writing, [null]);
  assert.deepEqual(
    got,
    Array.from({ length: count }, (_, seq) => [seq, seq]),
  );
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2u',
    loses: 'unless acknowledged',
    condition:
      'the reader tells how far it has come, and the writer waits for that before it stores over a message',
    says: 'the kernel keeps nobody from overwriting what was not read; a writer that dies is detected by a robust futex or a pidfd',
  });
});
