// The kernel at one end of a pipe or FIFO, through kernel_write() and kernel_read(): kmod/pipefs, which is handed the
// end by its descriptor. What a pipe does between two programs is in pipe.spec.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  errnoName,
  finding,
  kernelSide,
  loadModule,
  measure,
  moduleLoaded,
  modulePath,
  type Needs,
  nowhere,
  poll,
  pollAsync,
  resetStamps,
  sizes,
  startPeer32,
  unloadModule,
  until,
  untilBlocked,
  verified,
  verifyBelow,
} from 'ringcross/guest';
import { taken, unloading } from './answers.ts';
import {
  capacity,
  drain,
  fill,
  firstPart,
  inTurn,
  largeBytes,
  page,
  peerWith,
  untilRefilled,
  waiting,
} from './byte-stream.ts';
import { intactNumber, message, numberOrError, numbers } from './checked-message.ts';
import { offer } from './open-loop.ts';
import { holdSigpipe } from './sigpipe.ts';

export const needs = { modules: ['pipefs'], config: ['CONFIG_IA32_EMULATION'] } satisfies Needs;

const mechanism = 'pipefs';

// kernel_write() into an empty pipe; then the user's read finds the message there.
measure({ mechanism, direction: 'k2u', variant: 'pipe', sizes, kernel: 'pipefs' });

// The same with a FIFO, whose inode is a file's of tmpfs: its times are kept up to date.
measure({ mechanism, direction: 'k2u', variant: 'fifo', sizes, kernel: 'pipefs' });

// A reader that waits in read: kernel_write() wakes it, and the transit holds the switch to it.
measure({ mechanism, direction: 'k2u', variant: 'blocking', sizes, kernel: 'pipefs' });

// A waiter in poll: the transit is the signalling alone, the read that follows is not in it.
measure({ mechanism, direction: 'k2u', variant: 'poll', sizes, kernel: 'pipefs' });

// A kernel thread of the writer's CPU and priority waits in kernel_read(): the write wakes it, and the transit ends
// when it has the message.
measure({ mechanism, direction: 'u2k', variant: 'blocking', sizes, kernel: 'pipefs' });

// The user's write into an empty pipe; then a trigger makes the kernel take the message by kernel_read(). The transit
// holds the trigger, which no real receiver has: the latency is that of `blocking`.
measure({ mechanism, direction: 'u2k', variant: 'pipe', sizes, kernel: 'pipefs' });

measure({ mechanism, direction: 'u2k', variant: 'fifo', sizes, kernel: 'pipefs' });

/** The default of the module's parameter. */
const largest = 1 << 20;
const { O_NONBLOCK, O_RDONLY } = constants;
const [O_CLOEXEC, O_PATH] = [0o2000000, 0o10000000];
/** errno(3), as the worker tells it. */
const EPIPE = 32;

/** Writes words into a file of the module: their number of bytes, or the name of the error. */
const tell = (
  file: 'attach' | 'empty' | 'produce' | 'consume' | 'worker',
  words: string,
): number | string => {
  const fd = Number(attempt('open', debugfs('pipefs', file), constants.O_WRONLY | O_CLOEXEC));
  const result = attempt('write', fd, words, Buffer.byteLength(words));
  assert.equal(attempt('close', fd), 0);
  return result;
};

const ask = (file: 'worker' | 'attach' | 'empty' | 'written' | 'taken'): string =>
  readFileSync(debugfs('pipefs', file), 'latin1').trim();

/** A pipe of which the kernel has one end too. When the test ends, no worker is left, and nothing is attached or open. */
const sharePipe = (t: TestContext, kernels: 'read' | 'write', flags = 0) => {
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, flags | O_CLOEXEC), 0);
  const [reader = -1, writer = -1] = ends;
  const open = new Set([reader, writer]);
  const close = (end: number) => {
    assert.equal(attempt('close', end), 0);
    open.delete(end);
  };
  const words = kernels === 'read' ? `read ${reader}` : `write ${writer}`;
  t.after(() => {
    assert.equal(tell('worker', 'stop'), 4);
    assert.equal(tell('attach', 'detach'), 6);
    open.forEach(close);
  });
  assert.equal(tell('attach', words), words.length);
  return { reader, writer, close };
};

/** The module's thread sleeps, and a signal could wake it: its step waits in the pipe. proc_pid_stat(5). */
const workerWaits = (): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return /\(ringcross-pipef[^)]*\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      // No process, or one that ended meanwhile.
      return false;
    }
  });

test('the kernel writes bytes: one read takes two messages, and a short one leaves the rest', (t) => {
  const { reader } = sharePipe(t, 'write');
  for (const words of ['64 1', '104 2']) assert.equal(tell('produce', words), words.length);
  const buffer = Buffer.alloc(200);
  assert.equal(attempt('read', reader, buffer, 40), 40);
  assert.equal(attempt('read', reader, buffer.subarray(40), 160), 128);
  assert.ok(buffer.subarray(0, 168).equals(Buffer.concat([message(1, 64), message(2, 104)])));
});

test('the kernel reads bytes: one message from two writes, and two messages from one', (t) => {
  const { reader, writer } = sharePipe(t, 'read');
  const sent = message(1, 64);
  for (const half of [sent.subarray(0, 30), sent.subarray(30)])
    assert.equal(attempt('write', writer, half, half.length), half.length);
  assert.equal(tell('consume', '64 1'), 4);
  const both = Buffer.concat([message(2, 16), message(3, 8)]);
  assert.equal(attempt('write', writer, both, both.length), 24);
  assert.equal(tell('consume', '16 2'), 4);
  assert.equal(tell('consume', '8 4'), 'EBADMSG', 'it is the third that comes, not the fourth');
  assert.equal(waiting(reader), 0);
});

test('each side that the kernel has is stamped once, by sequence number', (t) => {
  const { writer } = sharePipe(t, 'read');
  assert.equal(tell('attach', `write ${writer}`), `write ${writer}`.length);
  for (const side of ['sent', 'received'] as const) resetStamps('pipefs', side);
  assert.equal(tell('produce', '64 41'), 5);
  assert.equal(tell('consume', '64 41'), 5);
  for (const side of ['sent', 'received'] as const) {
    const [seq, start = 0n, end = 0n, ...more] = kernelSide('pipefs', side).stamps;
    assert.equal(seq, 41n);
    assert.ok(start < end, `${start} < ${end}`);
    assert.deepEqual(more, []);
  }
});

test('a full pipe answers EAGAIN to a kernel that will not wait, and an empty one too', (t) => {
  const { reader, writer } = sharePipe(t, 'write', O_NONBLOCK);
  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  assert.equal(tell('consume', '8 1'), 'EAGAIN');
  fill(writer);
  assert.equal(tell('produce', '8 1'), 'EAGAIN');
  assert.equal(waiting(reader), capacity);
});

test('up to PIPE_BUF a message goes in whole or not at all, a larger one in part, which is accounted', (t) => {
  const { reader, writer } = sharePipe(t, 'write', O_NONBLOCK);
  fill(writer, capacity - page + 8);
  const before = Number(ask('written'));
  assert.equal(tell('produce', `${page} 1`), 'EAGAIN');
  assert.equal(Number(ask('written')), before, 'no room for a page');
  drain(reader);

  fill(writer, capacity - page);
  assert.equal(tell('produce', `${2 * page} 2`), 'EAGAIN');
  assert.equal(Number(ask('written')), before + page, 'kernel_write() was short by a page');
  const part = drain(reader).subarray(capacity - page);
  assert.ok(part.equals(message(2, 2 * page).subarray(0, page)));
});

test('a message that is larger than the pipe crosses in parts, both ways', async (t) => {
  const bytes = 3 * capacity + 8;
  const { reader, writer, close } = sharePipe(t, 'write');
  const orders = `produce ${bytes} 1 1`;
  assert.equal(tell('worker', orders), orders.length);
  await until('the kernel waits for room', workerWaits);
  assert.equal(waiting(reader), capacity);
  const got = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) at += Number(attempt('read', reader, got.subarray(at), bytes - at));
  assert.ok(got.equals(message(1, bytes)));
  await until('the worker is done', () => ask('worker') === '1 of 1 error 0');

  assert.equal(tell('attach', 'detach'), 6);
  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  resetStamps('pipefs', 'received');
  verifyBelow('pipefs', 3);
  t.after(() => verifyBelow('pipefs', 0));
  assert.equal(tell('worker', `consume ${bytes} 2 1`), `consume ${bytes} 2 1`.length);
  assert.equal(await attemptAsync('write', writer, message(2, bytes), bytes), bytes);
  await until('the worker is done', () => ask('worker') === '1 of 1 error 0');
  assert.deepEqual(verified('pipefs'), { intact: 1, corrupt: 0 });
  close(writer);
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'kernel_write, kernel_read',
    bytes: null,
    says: `none of its own: ${bytes} B crossed a pipe of ${capacity} B, whose writer waits for room`,
  });
});

test('a message has room for its number, and is no larger than the module takes', (t) => {
  const { reader } = sharePipe(t, 'write');
  for (const words of ['0 1', '7 1']) {
    assert.equal(tell('produce', words), 'EINVAL');
    assert.equal(tell('consume', words), 'EINVAL');
  }
  assert.equal(tell('produce', `${largest + 1} 1`), 'EMSGSIZE');
  assert.equal(tell('worker', `produce ${largest + 1} 1 1`), 'EMSGSIZE');
  assert.equal(waiting(reader), 0);
});

for (const [what, address] of Object.entries(nowhere)) {
  test(`${what} is EFAULT to the user's call, and loses nothing of the kernel's`, (t) => {
    const { reader, writer } = sharePipe(t, 'write', O_NONBLOCK);
    assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
    assert.equal(attempt('write', writer, address, 8), 'EFAULT');
    assert.equal(tell('consume', '8 1'), 'EAGAIN', 'nothing was written');
    assert.equal(tell('produce', '8 2'), 3);
    assert.equal(attempt('read', reader, address, 8), 'EFAULT');
    assert.equal(tell('consume', '8 2'), 3, 'the message is still there');
  });
}

test('without a reader the kernel gets EPIPE, and who pulled the trigger SIGPIPE besides', (t) => {
  const { reader, close } = sharePipe(t, 'write');
  const askForSigpipe = holdSigpipe(t);
  close(reader);
  assert.equal(tell('produce', '8 1'), 'EPIPE');
  assert.equal(askForSigpipe(), 'SIGPIPE');
});

test('a kernel thread gets EPIPE and no signal: it says so and ends', async (t) => {
  const { reader, close } = sharePipe(t, 'write');
  close(reader);
  assert.equal(tell('worker', 'produce 8 1 5'), 13);
  await until('the worker has ended', () => ask('worker') === `0 of 5 error ${EPIPE}`);
});

test('a kernel thread that waits for room is told EPIPE when the last reader goes', async (t) => {
  const { reader, writer, close } = sharePipe(t, 'write');
  fill(writer);
  assert.equal(tell('worker', 'produce 8 1 1'), 13);
  await until('the kernel waits for room', workerWaits);
  close(reader);
  await until('the worker has ended', () => ask('worker') === `0 of 1 error ${EPIPE}`);
});

test('without a writer the kernel takes what is left, and then there is no data', (t) => {
  const { writer, close } = sharePipe(t, 'read');
  assert.equal(attempt('write', writer, message(1, 8), 8), 8);
  close(writer);
  assert.equal(tell('consume', '8 1'), 3);
  assert.equal(tell('consume', '8 2'), 'ENODATA');
});

test('a message that ends too early is none', (t) => {
  const { writer, close } = sharePipe(t, 'read');
  assert.equal(attempt('write', writer, message(1, 8), 8), 8);
  close(writer);
  resetStamps('pipefs', 'received');
  assert.equal(tell('consume', '16 1'), 'EBADMSG');
  assert.equal(kernelSide('pipefs', 'received').stamps.length, 0);
});

test('the kernel keeps its end open when the user closes his, until it is detached', (t) => {
  const { reader, writer, close } = sharePipe(t, 'write');
  close(writer);
  assert.equal(tell('produce', '8 1'), 3);
  assert.equal(drain(reader).length, 8);
  assert.deepEqual(poll(reader), []);
  assert.equal(tell('attach', 'detach'), 6);
  assert.deepEqual(poll(reader), ['hup']);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 0, 'the end of the file');
});

test('only an open end of a pipe that goes the right way is taken, and only one', (t) => {
  const { reader, writer } = sharePipe(t, 'write');
  const file = Number(attempt('open', '/proc/self/status', O_RDONLY | O_CLOEXEC));
  const path = Number(attempt('open', `/proc/self/fd/${reader}`, O_PATH | O_CLOEXEC));
  const [AF_UNIX, SOCK_STREAM] = [1, 1];
  const socket = Number(attempt('socket', AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0));
  for (const [words, error] of [
    [`write ${writer}`, 'EBUSY'],
    [`read ${file}`, 'EINVAL'],
    [`read ${socket}`, 'EINVAL'],
    [`read ${writer}`, 'EACCES'],
    [`read ${path}`, 'EBADF'],
    ['read 4294967295', 'EBADF'],
    ['read 4294967296', 'EINVAL'],
    ['read -1', 'EINVAL'],
    ['read', 'EINVAL'],
    ['read ', 'EINVAL'],
    [`read ${reader} ${reader}`, 'EINVAL'],
    ['detach 1', 'EINVAL'],
    ['attach', 'EINVAL'],
    ['', 'EINVAL'],
    ['9'.repeat(80), 'EINVAL'],
  ] as const)
    assert.equal(tell('attach', words), error, words);
  for (const fd of [file, path, socket]) assert.equal(attempt('close', fd), 0);
  assert.equal(ask('attach'), 'read FD\nwrite FD\ndetach');
  assert.equal(tell('produce', '8 1'), 3, 'the first one is still attached');
});

test('a kernel without an end is not connected', () => {
  assert.equal(tell('produce', '8 1'), 'ENOTCONN');
  assert.equal(tell('consume', '8 1'), 'ENOTCONN');
});

test('a FIFO that is open for both is both ends', (t) => {
  const name = `/tmp/ringcross-pipefs-spec-${process.pid}`;
  const S_IFIFO = 0o10000;
  assert.equal(attempt('mknod', name, S_IFIFO | 0o600, 0), 0);
  const fd = Number(attempt('open', name, constants.O_RDWR | O_CLOEXEC));
  t.after(() => {
    assert.equal(tell('attach', 'detach'), 6);
    assert.equal(attempt('close', fd), 0);
    assert.equal(attempt('unlink', name), 0);
  });
  for (const words of [`read ${fd}`, `write ${fd}`]) assert.equal(tell('attach', words), words.length);
  assert.equal(tell('produce', '64 7'), 4);
  assert.equal(tell('consume', '64 7'), 4);
});

test('a waiter in epoll is woken by kernel_write(), one in poll by the room that kernel_read() makes', async (t) => {
  const { reader, writer } = sharePipe(t, 'write');
  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  const epoll = Number(attempt('epoll_create1', O_CLOEXEC));
  t.after(() => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event, packed: events, then eight bytes of the caller's.
  const [EPOLLIN, EPOLL_CTL_ADD] = [1, 1];
  const event = Buffer.alloc(12);
  event.writeUInt32LE(EPOLLIN);
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, reader, event), 0);

  assert.deepEqual(poll(reader), []);
  const epolled = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  assert.equal(tell('produce', `${page} 1`), `${page} 1`.length);
  assert.equal(await epolled, 1);
  assert.deepEqual(poll(reader), ['in']);

  fill(writer, capacity - page);
  assert.deepEqual(poll(writer), []);
  const writable = pollAsync(writer, ['out'], 10_000);
  await untilBlocked('poll');
  assert.equal(tell('consume', `${page} 1`), `${page} 1`.length);
  assert.deepEqual(await writable, ['out']);
  finding({ about: 'signalling', mechanism, subject: 'poll, epoll', works: true, says: 'woken' });
});

test('a worker that waits in the pipe is stopped at once, reading or writing', async (t) => {
  const { reader, writer } = sharePipe(t, 'write');
  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  assert.equal(tell('worker', 'consume 8 1 1'), 13);
  await until('the kernel waits for data', workerWaits);
  assert.equal(tell('worker', 'produce 8 1 1'), 'EBUSY', 'there is one worker');
  assert.equal(tell('worker', 'stop'), 4);
  assert.equal(ask('worker'), 'idle');
  fill(writer);
  assert.equal(tell('worker', 'produce 8 1 1'), 13);
  await until('the kernel waits for room', workerWaits);
  assert.equal(tell('worker', 'stop'), 4);
  assert.equal(waiting(reader), capacity, 'nothing of the message went in');
});

for (const kernels of ['read', 'write'] as const) {
  test(`the module is unloaded while its worker waits to ${kernels}, and lets the pipe go`, async (t) => {
    const path = modulePath('pipefs');
    const { reader, writer, close } = sharePipe(t, kernels);
    if (kernels === 'write') fill(writer);
    const words = `${kernels === 'write' ? 'produce' : 'consume'} 8 1 1`;
    assert.equal(tell('worker', words), words.length);
    await until('the kernel waits', workerWaits);
    unloadModule('pipefs');
    assert.equal(workerWaits(), false);
    loadModule(path);
    // The user's own end was the last of its side.
    if (kernels === 'write') {
      close(writer);
      assert.deepEqual(poll(reader), ['in', 'hup']);
      assert.equal(drain(reader).length, capacity, 'nothing of the message went in');
      const told = attempt('read', reader, Buffer.alloc(8), 8);
      assert.equal(told, 0);
      finding({
        about: 'death',
        mechanism,
        subject: 'its thread blocked in kernel_write',
        direction: 'k2u',
        of: 'module',
        survivor: 'end of file',
        says: 'unloading ends the thread and closes the end, after what is in the pipe',
      });
    } else {
      close(reader);
      assert.deepEqual(poll(writer), ['out', 'err']);
      const told = attempt('write', writer, 'message!', 8);
      assert.equal(told, 'EPIPE');
      finding({
        about: 'death',
        mechanism,
        subject: 'its thread blocked in kernel_read',
        direction: 'u2k',
        of: 'module',
        survivor: told,
        says: 'unloading ends the thread and closes the end',
      });
    }
  });
}

test('a user who is blocked in read is woken when the module goes, and the end that it has', async (t) => {
  const path = modulePath('pipefs');
  const { reader, writer, close } = sharePipe(t, 'write');
  close(writer);
  const read = attemptAsync('read', reader, Buffer.alloc(8), 8);
  await untilBlocked('read', reader);
  unloadModule('pipefs');
  loadModule(path);
  assert.equal(await read, 0);
  finding({
    about: 'death',
    mechanism,
    subject: 'the user blocked in read',
    direction: 'k2u',
    of: 'module',
    survivor: 'end of file',
    says: 'the pipe is not of the module: unloading is not refused, and closes the end',
  });
});

test('a user who is blocked in write is woken when the module goes, and the end that it has', async (t) => {
  const path = modulePath('pipefs');
  const { reader, writer, close } = sharePipe(t, 'read');
  close(reader);
  fill(writer);
  const write = attemptAsync('write', writer, 'message!', 8);
  await untilBlocked('write', writer);
  unloadModule('pipefs');
  loadModule(path);
  const told = await write;
  assert.equal(told, 'EPIPE');
  finding({
    about: 'death',
    mechanism,
    subject: 'the user blocked in write',
    direction: 'u2k',
    of: 'module',
    survivor: told,
    says: 'the pipe is not of the module: unloading is not refused, and closes the end',
  });
});

test('who waits in the trigger can be killed, and until then the module stays', async (t) => {
  const { reader, writer } = sharePipe(t, 'write');
  fill(writer);
  const child = spawn('sh', ['-c', `exec echo 8 1 > ${debugfs('pipefs', 'produce')}`], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  // Number of write and its descriptor: proc_pid_syscall(5).
  await until('the trigger waits for room', () =>
    readFileSync(`/proc/${child.pid}/syscall`, 'latin1').startsWith('1 0x1 '),
  );
  const survivor = unloading('pipefs');
  assert.equal(survivor, 'refused: EAGAIN');
  assert.ok(moduleLoaded('pipefs'));
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  assert.equal(waiting(reader), capacity);
  finding({
    about: 'death',
    mechanism,
    subject: 'a process blocked in kernel_write by the trigger',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'its open file holds the module; the process can be killed',
  });
});

test('the pipe can be detached while the kernel waits in it', async (t) => {
  const { writer } = sharePipe(t, 'read');
  assert.equal(tell('worker', 'consume 8 1 1'), 13);
  await until('the kernel waits for data', workerWaits);
  assert.equal(tell('attach', 'detach'), 6);
  assert.equal(attempt('write', writer, message(1, 8), 8), 8);
  await until('the worker is done', () => ask('worker') === '1 of 1 error 0');
});

test('two who pull the trigger at once send two whole messages', async (t) => {
  const bytes = capacity + page;
  const { reader } = sharePipe(t, 'write');
  const trigger = Number(attempt('open', debugfs('pipefs', 'produce'), constants.O_WRONLY | O_CLOEXEC));
  t.after(() => assert.equal(attempt('close', trigger), 0));
  const orders = [1, 2].map((seq) => `${bytes} ${seq}`);
  const both = orders.map((words) => attemptAsync('write', trigger, words, words.length));
  const got = Buffer.alloc(2 * bytes);
  for (let at = 0; at < got.length; )
    at += Number(await attemptAsync('read', reader, got.subarray(at), got.length - at));
  assert.deepEqual(
    await Promise.all(both),
    orders.map((words) => words.length),
  );
  const seqs = [got.subarray(0, bytes), got.subarray(bytes)].map((one) => Number(one.readBigUInt64LE()));
  assert.deepEqual(seqs.toSorted(), [1, 2]);
  assert.ok(got.equals(Buffer.concat(seqs.map((seq) => message(seq, bytes)))));
});

for (const [call, flags] of [
  ['kernel_write', 0],
  ['kernel_write, O_NONBLOCK', O_NONBLOCK],
] as const) {
  test(`${call} returns while the message still waits for its reader`, (t) => {
    const { reader } = sharePipe(t, 'write', flags);
    assert.equal(tell('produce', '64 1'), 4);
    assert.equal(waiting(reader), 64, 'it has returned, and nobody has read');
    finding({
      about: 'synchrony',
      mechanism,
      subject: call,
      direction: 'k2u',
      returns: 'before',
      says: flags
        ? 'returns when the bytes are in the pipe; EAGAIN where it is full'
        : 'returns when the bytes are in the pipe; waits only where it is full, and for room, not for the reading',
    });
  });
}

for (const [call, flags] of [
  ['write', 0],
  ['write, O_NONBLOCK', O_NONBLOCK],
] as const) {
  test(`${call} towards the kernel returns while the message still waits for it`, (t) => {
    const { reader, writer } = sharePipe(t, 'read', flags);
    assert.equal(attempt('write', writer, message(1, 64), 64), 64);
    assert.equal(waiting(reader), 64, 'it has returned, and the kernel has not read');
    assert.equal(tell('consume', '64 1'), 4);
    finding({
      about: 'synchrony',
      mechanism,
      subject: call,
      direction: 'u2k',
      returns: 'before',
      says: 'returns when the bytes are in the pipe, before kernel_read() has begun',
    });
  });
}

test('an old reader of either side takes a longer message for the start of the next', (t) => {
  const { reader, writer } = sharePipe(t, 'write');
  const [old, longer] = [64, 72];
  const field = message(1, longer).readBigUInt64LE(old);
  for (const seq of [1, 2]) assert.equal(tell('produce', `${longer} ${seq}`), `${longer} ${seq}`.length);
  const buffer = Buffer.alloc(old);
  assert.equal(attempt('read', reader, buffer, old), old);
  assert.ok(buffer.equals(message(1, longer).subarray(0, old)), 'the first one seems to fit');
  assert.equal(attempt('read', reader, buffer, old), old, 'no error tells');
  assert.equal(buffer.readBigUInt64LE(), field, 'what should be the number is the new field');
  drain(reader);

  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  for (const seq of [1, 2]) assert.equal(attempt('write', writer, message(seq, longer), longer), longer);
  const taken = Number(ask('taken'));
  assert.equal(tell('consume', `${old} 1`), 4);
  assert.equal(tell('consume', `${old} 2`), 'EBADMSG', 'only the number in the message tells');
  assert.equal(Number(ask('taken')), taken + 2 * old, 'kernel_read() was content');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more, either way',
    outcome: 'silently wrong',
    says: 'bytes without boundaries: the next message begins within this one, and no call fails',
  });
});

test('a 32-bit program hands its pipe to the kernel, and both exchange messages', async (t) => {
  const peer = await startPeer32();
  t.after(async () => {
    assert.equal(tell('attach', 'detach'), 6);
    await peer.stop();
  });
  const ends = new Int32Array(2);
  const theirs = [];
  for (const _ of ['to the kernel', 'from the kernel']) {
    assert.equal(await peer.attempt('pipe2', ends, 0), 0);
    theirs.push(...ends);
  }
  const [kernelReads = -1, writer = -1, reader = -1, kernelWrites = -1] = theirs;
  const attach = await peer.attempt('open', debugfs('pipefs', 'attach'), constants.O_WRONLY);
  for (const words of [`read ${kernelReads}`, `write ${kernelWrites}`])
    assert.equal(await peer.attempt('write', attach, words, words.length), words.length);

  assert.equal(await peer.attempt('write', writer, message(1, 1024), 1024), 1024);
  assert.equal(tell('consume', '1024 1'), 6);
  assert.equal(tell('produce', '1024 2'), 6);
  const buffer = Buffer.alloc(1024);
  assert.equal(await peer.attempt('read', reader, buffer, 1024), 1024);
  assert.ok(buffer.equals(message(2, 1024)));
  finding({
    about: 'portability',
    mechanism,
    subject: 'pipe(2), read, write',
    outcome: 'works',
    says: 'bytes, and a descriptor told as text',
  });
});

test('a structure with a long has another size for a 32-bit program', async (t) => {
  const peer = await startPeer32();
  t.after(async () => {
    assert.equal(tell('attach', 'detach'), 6);
    await peer.stop();
  });
  const ends = new Int32Array(2);
  assert.equal(await peer.attempt('pipe2', ends, O_NONBLOCK), 0);
  const [reader = -1, writer = -1] = ends;
  const attach = await peer.attempt('open', debugfs('pipefs', 'attach'), constants.O_WRONLY);
  assert.equal(await peer.attempt('write', attach, `read ${reader}`, 6), 6);
  // struct { long seq; long value; }: eight bytes there, sixteen for the kernel.
  assert.equal(await peer.attempt('write', writer, Int32Array.of(1, 2), 8), 8);
  assert.equal(tell('consume', '16 1'), 'EBADMSG', 'half of it, and two fields in one');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a structure with a long',
    outcome: 'breaks',
    says: 'its fields are half as long; kernel_read() is content with what there is',
  });
});

test('a message of no bytes is taken and never comes, either way', (t) => {
  const { reader, writer } = sharePipe(t, 'write', O_NONBLOCK);
  assert.equal(tell('attach', `read ${reader}`), `read ${reader}`.length);
  const ours = attempt('write', writer, '', 0);
  assert.equal(ours, 0);
  assert.equal(tell('consume', '8 1'), 'EAGAIN');
  const kernels = tell('empty', 'write');
  assert.equal(kernels, 'write'.length);
  assert.equal(attempt('read', reader, Buffer.alloc(8), 8), 'EAGAIN');
  for (const [subject, direction, result] of [
    ['write', 'u2k', ours],
    ['kernel_write', 'k2u', kernels],
  ] as const)
    finding({
      about: 'boundary',
      mechanism,
      subject,
      direction,
      size: 'empty',
      bytes: 0,
      result: typeof result === 'string' ? result : 'taken',
      says: 'returns 0; the reader is told nothing',
    });

  assert.equal(tell('produce', '8 1'), 3);
  assert.equal(tell('empty', 'read'), 'read'.length);
  assert.equal(waiting(reader), 8, 'nor does kernel_read() of no bytes take any');
});

test('an empty call is asked for by its name, and needs an end', (t) => {
  for (const words of ['', 'write 8', 'consume', 'write'.repeat(20)])
    assert.equal(tell('empty', words), 'EINVAL', words);
  for (const words of ['read', 'write']) assert.equal(tell('empty', words), 'ENOTCONN');
  assert.equal(ask('empty'), 'read\nwrite');
  const { reader, close } = sharePipe(t, 'write');
  close(reader);
  assert.equal(tell('empty', 'write'), 'write'.length, 'as from user space, nobody need read');
});

for (const [size, bytes] of [
  ['largest', capacity],
  ['one more', capacity + 1],
] as const) {
  test(`of ${bytes} B a call that will not wait moves into an empty pipe what that holds, either way`, (t) => {
    const { reader, writer } = sharePipe(t, 'write', O_NONBLOCK);
    const sent = message(1, bytes);
    const ours = attempt('write', writer, sent, bytes);
    assert.ok(drain(reader).equals(sent.subarray(0, capacity)));
    const before = Number(ask('written'));
    const order = tell('produce', `${bytes} 1`);
    const kernels = Number(ask('written')) - before;
    assert.equal(order, kernels === bytes ? `${bytes} 1`.length : 'EAGAIN', 'for the rest there is no room');
    assert.ok(drain(reader).equals(sent.subarray(0, capacity)));
    for (const [subject, direction, result] of [
      ['write, O_NONBLOCK', 'u2k', ours],
      ['kernel_write, O_NONBLOCK', 'k2u', kernels],
    ] as const)
      finding({
        about: 'boundary',
        mechanism,
        subject,
        direction,
        size,
        bytes,
        result: taken(bytes, result),
        says: `${result} B; a call that waits has no largest message`,
      });
  });
}

test('the kernel gets EPIPE when the reader was killed, and who pulled the trigger SIGPIPE', async (t) => {
  const { reader, close } = sharePipe(t, 'write');
  const { peer, theirs } = await peerWith(t, reader, O_RDONLY);
  close(reader);
  const askForSigpipe = holdSigpipe(t);
  await peer.killIn('read', theirs, Buffer.alloc(8), 8);
  const told = [tell('produce', '8 1'), askForSigpipe()];
  assert.deepEqual(told, ['EPIPE', 'SIGPIPE']);
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in read',
    direction: 'k2u',
    of: 'reader',
    survivor: told.join(', '),
    says: 'by the next kernel_write(); a kernel thread gets no signal',
  });
});

/** The error that has ended the worker. */
const workerError = async (): Promise<string> => {
  const ended = () => / error ([1-9]\d*)$/.exec(ask('worker'));
  await until('an error ends the worker', () => ended() !== null);
  return errnoName(Number(ended()?.[1]));
};

test('a kernel thread that waits for room mid-message gets EPIPE when the reader is killed', async (t) => {
  const { reader, writer, close } = sharePipe(t, 'write');
  const { peer, theirs } = await peerWith(t, reader, O_RDONLY);
  close(reader);
  const before = Number(ask('written'));
  const order = `produce ${largeBytes} 1 1`;
  assert.equal(tell('worker', order), order.length);
  await until('the kernel waits for room', workerWaits);
  const read = Buffer.alloc(firstPart);
  assert.equal(await peer.attempt('read', theirs, read, firstPart), firstPart);
  assert.ok(read.equals(message(1, largeBytes).subarray(0, firstPart)));
  await untilRefilled(writer);
  const unread = waiting(writer);
  await peer.stop();
  const survivor = await workerError();
  assert.equal(survivor, 'EPIPE');
  const written = Number(ask('written')) - before;
  assert.equal(written, firstPart + unread, 'what nobody has read counts as written');
  finding({
    about: 'death',
    mechanism,
    subject: 'mid-stream, kernel_write waits for room',
    direction: 'k2u',
    of: 'reader',
    survivor,
    says: `${written} of ${largeBytes} B count as written, ${unread} of them were never read and are gone`,
  });
});

test('the reader of a process that was killed while it made the kernel write gets a part, and no end', async (t) => {
  const { reader, writer, close } = sharePipe(t, 'write');
  close(writer);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const trigger = await peer.attempt('open', debugfs('pipefs', 'produce'), constants.O_WRONLY);
  assert.ok(typeof trigger === 'number', `open: ${trigger}`);
  const before = Number(ask('written'));
  const order = `${largeBytes} 1`;
  await peer.killIn('write', trigger, order, order.length);
  assert.equal(Number(ask('written')) - before, capacity);
  const got = drain(reader);
  assert.ok(got.equals(message(1, largeBytes).subarray(0, capacity)), 'byte by byte its beginning');
  assert.deepEqual(poll(reader), []);
  assert.equal(tell('attach', 'detach'), 6);
  assert.deepEqual(poll(reader), ['hup']);
  finding({
    about: 'death',
    mechanism,
    subject: 'the process on whose behalf the kernel is in kernel_write',
    direction: 'k2u',
    of: 'writer',
    survivor: 'a part, then nothing',
    says: `${got.length} of ${largeBytes} B came; the end of the file only when the module gives its end back`,
  });
});

test('the kernel takes what a writer had written who was killed mid-message, and then there is no data', async (t) => {
  const { writer, close } = sharePipe(t, 'read');
  const { peer, theirs } = await peerWith(t, writer, constants.O_WRONLY);
  close(writer);
  const sent = message(1, largeBytes);
  await peer.killIn('write', theirs, sent, sent.length);
  const before = Number(ask('taken'));
  resetStamps('pipefs', 'received');
  assert.equal(tell('consume', `${largeBytes} 1`), 'EBADMSG');
  const moved = Number(ask('taken')) - before;
  assert.equal(moved, capacity);
  assert.equal(kernelSide('pipefs', 'received').stamps.length, 0, 'it is no message');
  assert.equal(tell('consume', '8 2'), 'ENODATA');
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in write',
    direction: 'u2k',
    of: 'writer',
    survivor: 'a part, then end of file',
    says: `kernel_read() gave ${moved} of ${largeBytes} B, then 0`,
  });
});

test('a kernel thread that waits for the rest of a message is woken when its writer is killed', async (t) => {
  const { writer, close } = sharePipe(t, 'read');
  const { peer, theirs } = await peerWith(t, writer, constants.O_WRONLY);
  close(writer);
  const before = Number(ask('taken'));
  assert.equal(tell('worker', 'consume 64 1 1'), 14);
  const half = message(1, 64).subarray(0, 32);
  assert.equal(await peer.attempt('write', theirs, half, half.length), half.length);
  await until('the kernel has that', () => Number(ask('taken')) - before === half.length);
  await until('the kernel waits for the rest', workerWaits);
  await peer.stop();
  const told = await workerError();
  assert.equal(told, 'EBADMSG', 'kernel_read() has returned 0 before the message was whole');
  finding({
    about: 'death',
    mechanism,
    subject: 'between two writes',
    direction: 'u2k',
    of: 'writer',
    survivor: 'end of file',
    says: 'a kernel thread that waits in kernel_read() is woken',
  });
});

test('a full pipe makes the kernel wait: every message comes once, whole and in order', async (t) => {
  const { reader } = sharePipe(t, 'write');
  const [count, bytes] = [100, 1024];
  const order = `produce ${bytes} 0 ${count}`;
  assert.equal(tell('worker', order), order.length);
  await until('the kernel waits for room', workerWaits);
  assert.equal(waiting(reader), capacity);
  const got = await inTurn(count, async () => {
    const buffer = Buffer.alloc(bytes);
    assert.equal(await attemptAsync('read', reader, buffer, bytes), bytes);
    return intactNumber(buffer);
  });
  assert.deepEqual(got, numbers(count));
  await until('the worker is done', () => ask('worker') === `${count} of ${count} error 0`);
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'k2u',
    loses: 'never',
    condition: 'while somebody has the pipe open to read, and from a context that may sleep',
    says: 'a full pipe makes kernel_write() wait',
  });
});

test('a full pipe makes the user wait for the kernel, which gets every message once, whole and in order', async (t) => {
  const { reader, writer } = sharePipe(t, 'read');
  const [count, bytes] = [100, 1024];
  resetStamps('pipefs', 'received');
  verifyBelow('pipefs', count);
  t.after(() => verifyBelow('pipefs', 0));
  const writes = inTurn(count, (seq) => attemptAsync('write', writer, message(seq, bytes), bytes));
  await untilBlocked('write', writer);
  assert.equal(waiting(reader), capacity);
  const order = `consume ${bytes} 0 ${count}`;
  assert.equal(tell('worker', order), order.length);
  assert.deepEqual(new Set(await writes), new Set([bytes]));
  // Each was the one whose number came next: another one would have been an error.
  await until('the worker is done', () => ask('worker') === `${count} of ${count} error 0`);
  assert.deepEqual(verified('pipefs'), { intact: count, corrupt: 0 });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'u2k',
    loses: 'never',
    condition:
      'while the kernel has the pipe open to read: what is in it when it gives that end back is gone',
    says: 'a full pipe makes the writer wait',
  });
});

const [openCount, openBytes] = [300, 416];

test('a kernel that will not wait is told of each message that a full pipe does not take', (t) => {
  const { reader } = sharePipe(t, 'write', O_NONBLOCK);
  const { sent, refused, errors, received } = offer(
    {
      count: openCount,
      every: 3,
      send: (seq) => {
        const result = tell('produce', `${openBytes} ${seq}`);
        return typeof result === 'string' ? result : null;
      },
      receive: () => {
        const buffer = Buffer.alloc(openBytes);
        const got = attempt('read', reader, buffer, openBytes);
        return numberOrError(got, buffer);
      },
    },
    'EAGAIN',
  );
  assert.ok(refused.length > 0, 'the pipe was full');
  assert.deepEqual(received, sent, 'what was taken comes once, whole and in order, and no read fails');
  assert.deepEqual(errors, ['EAGAIN']);
  tellLoss('kernel_write, O_NONBLOCK', 'k2u', refused.length, errors);
});

test('a user who will not wait is told of each message that the kernel has no room for', (t) => {
  const { writer } = sharePipe(t, 'read', O_NONBLOCK);
  resetStamps('pipefs', 'received');
  verifyBelow('pipefs', openCount);
  t.after(() => verifyBelow('pipefs', 0));
  // The kernel takes the one that it is told to take, or says that another one came.
  const due: number[] = [];
  const { sent, refused, errors, received } = offer(
    {
      count: openCount,
      every: 3,
      send: (seq) => {
        const result = attempt('write', writer, message(seq, openBytes), openBytes);
        if (typeof result === 'string') return result;
        due.push(seq);
        return null;
      },
      receive: () => {
        const seq = due.shift() ?? openCount;
        const result = tell('consume', `${openBytes} ${seq}`);
        return typeof result === 'string' ? result : seq;
      },
    },
    'EAGAIN',
  );
  assert.ok(refused.length > 0, 'the pipe was full');
  assert.deepEqual(received, sent);
  assert.deepEqual(verified('pipefs'), { intact: sent.length, corrupt: 0 });
  assert.deepEqual(errors, ['EAGAIN']);
  tellLoss('write, O_NONBLOCK', 'u2k', refused.length, errors);
});

/** What both tests of a side that does not wait have established. */
const tellLoss = (subject: string, direction: 'k2u' | 'u2k', refused: number, errors: string[]): void => {
  finding({
    about: 'loss notice',
    mechanism,
    subject,
    direction,
    sender: errors.join(', '),
    receiver: 'nothing',
    says: `${refused} of ${openCount} messages of ${openBytes} B refused, the others whole and in order`,
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: `${direction}, O_NONBLOCK`,
    loses: 'when full',
    condition: `the sender is told, by ${errors.join(', ')}, or by a short count beyond PIPE_BUF`,
    says: 'what is taken comes once, whole and in order',
  });
};

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('pipefs');
  unloadModule('pipefs');
  t.after(() => loadModule(path));
  for (const parameter of ['max_message=7', 'max_message=67108865', 'stamps=0'])
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameter),
    );
});

comesAndGoes('pipefs', () => {
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, O_CLOEXEC), 0);
  const [reader = -1, writer = -1] = ends;
  for (const words of [`read ${reader}`, `write ${writer}`])
    assert.equal(tell('attach', words), words.length);
  assert.equal(tell('produce', '64 1'), 4);
  assert.equal(tell('consume', '64 1'), 4);
  // Still attached: unloading gives them back.
  for (const end of ends) assert.equal(attempt('close', end), 0);
});
