// A 32-bit program on the 64-bit kernel: the peer that specs use to ask whether a mechanism can be reached from one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { attempt, type Needs, program, startPeer32, syscall } from 'ringcross/guest';

export const needs = { config: ['CONFIG_IA32_EMULATION', 'CONFIG_POSIX_MQUEUE'] } satisfies Needs;

const startPeer = async (t: TestContext) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  return peer;
};

const O_RDWR = 2;
const O_CREAT = 0o100;
const [PROT_READ, PROT_WRITE] = [1, 2];
const MAP_SHARED = 1;
const page = 4096;

test('a 32-bit program sees its own pointers and errors', async (t) => {
  const peer = await startPeer(t);
  const ends = new Int32Array(2);
  assert.equal(await peer.attempt('pipe2', ends, 0), 0);
  const [reader = -1, writer = -1] = ends;
  assert.deepEqual([reader, writer], [3, 4], 'it has no files but its channel');
  assert.equal(await peer.attempt('write', writer, 'ringcross', 9), 9);
  const buffer = Buffer.alloc(16);
  assert.equal(await peer.attempt('read', reader, buffer, 4), 4);
  assert.equal(buffer.toString('latin1', 0, 4), 'ring');
  assert.equal(await peer.attempt('read', reader, buffer, 16), 5);
  assert.equal(buffer.toString('latin1', 0, 5), 'cross');
  assert.equal(await peer.attempt('lseek', reader, 0, 0), 'ESPIPE');
  assert.equal(await peer.attempt('close', reader), 0);
  assert.equal(await peer.attempt('write', writer, 'message!', 8), 'EPIPE', 'the signal is ignored');
  assert.equal(await peer.attempt('close', reader), 'EBADF');
});

test('a pointer to nowhere is EFAULT, and the program goes on', async (t) => {
  const peer = await startPeer(t);
  const kernel = 0xffff_e000;
  const ends = new Int32Array(2);
  assert.equal(await peer.attempt('pipe2', ends, 0), 0);
  for (const address of [0, kernel])
    assert.equal(await peer.attempt('write', ends[1] ?? -1, address, 8), 'EFAULT');
  for (const address of [0, kernel]) {
    await assert.rejects(peer.peek(address, 4), { code: 'EFAULT', syscall: 'peek' });
    await assert.rejects(peer.poke(address, Int32Array.of(1)), { code: 'EFAULT', syscall: 'poke' });
    await assert.rejects(peer.poke(address, 'abc'), { code: 'EFAULT' });
  }
  assert.equal(await peer.attempt('getpid'), peer.pid);
});

test('all six arguments arrive, as large as 32 bits are', async (t) => {
  const peer = await startPeer(t);
  const fd = await peer.attempt('memfd_create', 'ringcross', 0);
  assert.equal(fd, 3);
  assert.equal(await peer.attempt('ftruncate', fd, 3 * page), 0);
  // The sixth argument is an offset in pages: the map begins where the number stands.
  assert.equal(await peer.attempt('lseek', fd, 2 * page, 0), 2 * page);
  assert.equal(await peer.attempt('write', fd, Uint32Array.of(0xdead_beef), 4), 4);
  const address = await peer.attempt('mmap2', 0, page, PROT_READ, MAP_SHARED, fd, 2);
  assert.ok(typeof address === 'number', `mmap2: ${address}`);
  assert.equal((await peer.peek(address, 4)).readUInt32LE(), 0xdead_beef);
  await assert.rejects(peer.poke(address, Int32Array.of(0)), { code: 'EFAULT' }, 'the map is for reading');
  assert.equal(await peer.attempt('munmap', address, page), 0);
  await assert.rejects(peer.peek(address, 4), { code: 'EFAULT' });
  await assert.rejects(peer.attempt('lseek', fd, 2 ** 32, 0), { name: 'RangeError' });
});

test('a 32-bit program and a 64-bit one share memory through one file', async (t) => {
  const peer = await startPeer(t);
  const fd = Number(syscall('memfd_create', 'ringcross', 1));
  t.after(() => assert.equal(attempt('close', fd), 0));
  assert.equal(attempt('ftruncate', fd, page), 0);
  const theirs = await peer.attempt('open', `/proc/${process.pid}/fd/${fd}`, O_RDWR);
  const address = await peer.attempt(
    'mmap2',
    0,
    page,
    PROT_READ | PROT_WRITE,
    MAP_SHARED,
    theirs as number,
    0,
  );
  assert.ok(typeof address === 'number', `mmap2: ${address}`);
  await peer.poke(address + 8, 'from below');
  const back = Buffer.alloc(10);
  assert.equal(attempt('pread64', fd, back, 10, 8), 10);
  assert.equal(back.toString('latin1'), 'from below');
  assert.equal(attempt('pwrite64', fd, Uint32Array.of(7), 4, 64), 4);
  assert.equal((await peer.peek(address + 64, 4)).readUInt32LE(), 7);
});

test('a structure with pointers is built of what was placed', async (t) => {
  const peer = await startPeer(t);
  const ends = new Int32Array(2);
  assert.equal(await peer.attempt('pipe2', ends, 0), 0);
  const [reader = -1, writer = -1] = ends;
  const first = await peer.place('ring');
  const second = await peer.place('cross');
  // struct iovec of i386: an address and a size of 32 bits each.
  assert.equal(await peer.attempt('writev', writer, Uint32Array.of(first, 4, second, 5), 2), 9);
  const buffer = Buffer.alloc(16);
  assert.equal(await peer.attempt('read', reader, buffer, 16), 9);
  assert.equal(buffer.toString('latin1', 0, 9), 'ringcross');
  await peer.release(first);
  assert.equal(await peer.attempt('writev', writer, Uint32Array.of(first, 4, second, 5), 2), 'EFAULT');
  await assert.rejects(peer.release(first), { name: 'RangeError' });
});

test('a message queue made by a 64-bit program takes the message of a 32-bit one', async (t) => {
  const peer = await startPeer(t);
  const name = 'ringcross-peer32';
  // struct mq_attr has longs: 8 bytes each here, 4 bytes each there.
  const attributes = BigInt64Array.of(0n, 4n, 64n, 0n, 0n, 0n, 0n, 0n);
  const queue = Number(syscall('mq_open', name, O_RDWR | O_CREAT, 0o600, attributes));
  assert.ok(queue >= 0);
  t.after(() => {
    assert.equal(attempt('mq_unlink', name), 0);
    assert.equal(attempt('close', queue), 0);
  });
  const theirs = await peer.attempt('mq_open', name, O_RDWR, 0, 0);
  assert.equal(theirs, 3);
  const words = new Int32Array(8);
  assert.equal(await peer.attempt('mq_getsetattr', theirs, 0, words), 0);
  assert.deepEqual([...words.subarray(0, 4)], [0, 4, 64, 0]);
  assert.equal(await peer.attempt('mq_timedsend', theirs, 'message!', 8, 5, 0), 0);
  const buffer = Buffer.alloc(64);
  assert.equal(attempt('mq_timedreceive', queue, buffer, 64, 0, 0), 8);
  assert.equal(buffer.toString('latin1', 0, 8), 'message!');
});

test('a blocked call is seen, waits its turn to answer, and keeps later ones waiting', async (t) => {
  const peer = await startPeer(t);
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, 0), 0);
  const [reader = -1, writer = -1] = ends;
  t.after(() => [reader, writer].forEach((end) => void attempt('close', end)));
  const theirs = (await peer.attempt('open', `/proc/${process.pid}/fd/${reader}`, 0)) as number;
  const order: string[] = [];
  const buffer = Buffer.alloc(8);
  const read = peer.attempt('read', theirs, buffer, 8).then((result) => order.push(`read ${result}`));
  const next = peer.attempt('getpid').then(() => order.push('getpid'));
  await peer.untilBlocked('read', theirs);
  assert.deepEqual(order, []);
  assert.equal(attempt('write', writer, 'message!', 8), 8);
  await Promise.all([read, next]);
  assert.deepEqual(order, ['read 8', 'getpid']);
  assert.equal(buffer.toString('latin1'), 'message!');
});

test('a mebibyte goes and comes in one call', async (t) => {
  const peer = await startPeer(t);
  const out = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, index) => index % 251));
  const back = Buffer.alloc(out.length);
  assert.equal(await peer.attempt('memfd_create', 'ringcross', 0), 3);
  assert.equal(await peer.attempt('write', 3, out, out.length), out.length);
  assert.equal(await peer.attempt('lseek', 3, 0, 0), 0);
  assert.equal(await peer.attempt('read', 3, back, back.length), back.length);
  assert.ok(out.equals(back));
});

test('a program that does not answer is no peer', async () => {
  await assert.rejects(startPeer32('/bin/false'), /does not run the 32-bit peer/);
  await assert.rejects(startPeer32('/bin/none'), { code: 'ENOENT' });
  assert.throws(() => program('none'), { name: 'RangeError', message: /no program "none".*peer\.m32/ });
});

test('a peer that dies says how, to calls under way and to later ones', async (t) => {
  const killed = await startPeer(t);
  const SIGTERM = 15;
  await assert.rejects(killed.attempt('kill', killed.pid, SIGTERM), /32-bit peer was killed by SIGTERM/);
  await assert.rejects(killed.attempt('getpid'), /32-bit peer was killed by SIGTERM/);

  const ended = await startPeer(t);
  await assert.rejects(ended.attempt('exit', 7), /32-bit peer ended with status 7/);
});

test('a peer is stopped in the middle of a call, twice if need be, and is gone', async (t) => {
  const peer = await startPeer(t);
  const ends = new Int32Array(2);
  assert.equal(await peer.attempt('pipe2', ends, 0), 0);
  const [reader = -1] = ends;
  const read = assert.rejects(peer.attempt('read', reader, Buffer.alloc(8), 8), /was stopped/);
  await peer.untilBlocked('read', reader);
  await Promise.all([peer.stop(), peer.stop()]);
  await read;
  await peer.stop();
  assert.ok(!existsSync(`/proc/${peer.pid}`));
});

test('a peer is killed in a call that blocks, and not in one that returns', async (t) => {
  const ends = new Int32Array(2);
  const peer = await startPeer(t);
  assert.equal(await peer.attempt('pipe2', ends, 0), 0);
  await peer.killIn('read', ends[0] ?? -1, Buffer.alloc(8), 8);
  assert.ok(!existsSync(`/proc/${peer.pid}`));

  const polling = await startPeer(t);
  await polling.killIn('poll', Buffer.alloc(8), 0, -1);
  assert.ok(!existsSync(`/proc/${polling.pid}`));

  const hasty = await startPeer(t);
  assert.equal(await hasty.attempt('pipe2', ends, 0), 0);
  await assert.rejects(hasty.killIn('write', ends[1] ?? -1, 'message!', 8), /and returned 8$/);
});
