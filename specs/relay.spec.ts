// A relay channel, one buffer for each CPU: the module of kmod/relay. Documentation/filesystems/relay.rst of the kernel.
import assert from 'node:assert/strict';
import { constants, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  comesAndGoes,
  debugfs,
  finding,
  kernelLog,
  kernelLogEnd,
  kernelSide,
  loadModule,
  measure,
  modulePath,
  type Needs,
  poll,
  pollAsync,
  pollfd,
  resetStamps,
  sample,
  sizes,
  startPeer32,
  tickUnit,
  unloadModule,
  until,
  untilBlocked,
} from 'ringcross/guest';
import { unloading } from './answers.ts';
import { intactNumber, numbers } from './checked-message.ts';

export const needs = {
  modules: ['relay'],
  config: ['CONFIG_RELAY', 'CONFIG_IA32_EMULATION'],
} satisfies Needs;

const mechanism = 'relay';

// A sub-buffer holds 1 MiB, sixteen of the largest messages: median and p90 are of messages that fit into the one that
// is begun, and the switch to the next shows beyond them.

// relay_write(); then one read of relay's file finds the message.
measure({ mechanism, direction: 'k2u', variant: 'read', sizes, kernel: 'relay' });

// The same in a channel that would lose its oldest sub-buffer: only the switch of sub-buffers could tell.
measure({ mechanism, direction: 'k2u', variant: 'overwrite', sizes, kernel: 'relay' });

// relay_reserve() instead of relay_write(): the kernel is given a place and copies the message there itself.
measure({ mechanism, direction: 'k2u', variant: 'reserve', sizes, kernel: 'relay' });

// The receiver asks how far the kernel has come, by a pread of a control file, and copies out of the mapped buffer. That
// it gives consumed sub-buffers back, by a write, is outside of its window.
measure({ mechanism, direction: 'k2u', variant: 'mmap', sizes, kernel: 'relay' });

// A waiter in poll, woken because each message completes its sub-buffer. relay_write() only queues the wake-up, as
// irq_work: the interrupt that does it comes as soon as interrupts are on again, and is part of the kernel's window.
measure({ mechanism, direction: 'k2u', variant: 'poll', sizes, kernel: 'relay' });

const { O_CLOEXEC, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = { ...constants, O_CLOEXEC: 0o2000000 };
const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_SHARED, MAP_PRIVATE] = [1, 2];
const [EPOLLIN, EPOLLHUP, EPOLL_CTL_ADD] = [1, 0x10, 1];
const page = 4096;

const parameter = (name: string): number =>
  Number(readFileSync(`/sys/module/ringcross_relay/parameters/${name}`, 'latin1'));

const channel = (file: string): string => debugfs('relay-channel', file);

/** Writes words into a file: their number of bytes, or the name of the error. */
const tell = (path: string, words: string): number | string => {
  const fd = Number(attempt('open', path, O_WRONLY | O_CLOEXEC));
  const result = attempt('write', fd, words, Buffer.byteLength(words));
  assert.equal(attempt('close', fd), 0);
  return result;
};

const produce = (bytes: number, seq: number): void =>
  assert.equal(tell(debugfs('relay', 'produce'), `${bytes} ${seq}`), `${bytes} ${seq}`.length);

const dropped = (): number => Number(readFileSync(channel('control/dropped'), 'latin1'));

/** What the module tells a user who has mapped the buffer of CPU 0. */
const produced = (): { subbufs: number; offset: number } => {
  const told = readFileSync(channel('control/produced0'));
  assert.equal(told.length, 16);
  return { subbufs: Number(told.readBigUInt64LE()), offset: Number(told.readBigUInt64LE(8)) };
};

const set = (name: 'flush', value: 'Y' | 'N'): void =>
  writeFileSync(`/sys/module/ringcross_relay/parameters/${name}`, value);

/** Steps of each test that end what it began, the last one first: hooks of node:test run the other way. */
const undoing = new WeakMap<TestContext, (() => void)[]>();

const undo = (t: TestContext, step: () => void): void => {
  const steps = undoing.get(t) ?? [];
  if (steps.length === 0) t.after(() => steps.toReversed().forEach((last) => void last()));
  steps.push(step);
  undoing.set(t, steps);
};

/** Until the test ends, this thread, and so the trigger that it pulls, runs on the one CPU. */
const runOn = (t: TestContext, cpu: number): void => {
  const before = new BigUint64Array(16);
  const bytes = Number(attempt('sched_getaffinity', 0, before.byteLength, before));
  undo(t, () => assert.equal(attempt('sched_setaffinity', 0, bytes, before), 0));
  assert.equal(attempt('sched_setaffinity', 0, 8, BigUint64Array.of(1n << BigInt(cpu))), 0);
};

const openFile = (t: TestContext, file: string, flags = O_RDONLY): number => {
  const fd = attempt('open', channel(file), flags | O_CLOEXEC);
  assert.ok(typeof fd === 'number', `open of ${file}: ${fd}`);
  undo(t, () => assert.equal(attempt('close', fd), 0));
  return fd;
};

/** The empty buffer of CPU 0, on which the test runs from now on. */
const openBuffer = (t: TestContext, flags = O_RDONLY): number => {
  runOn(t, 0);
  assert.equal(tell(channel('control/channel'), 'reset'), 5);
  return openFile(t, 'cpu0', flags);
};

/** The module with other parameters until the test ends. */
const reload = (t: TestContext, parameters: string): void => {
  const path = modulePath('relay');
  unloadModule('relay');
  undo(t, () => {
    unloadModule('relay');
    loadModule(path);
  });
  loadModule(path, parameters);
};

/** What the file has now, at most `room` bytes. */
const read = (fd: number, room = 1 << 17): Buffer => {
  const buffer = Buffer.alloc(room);
  return buffer.subarray(0, Number(attempt('read', fd, buffer, room)));
};

/** Numbers of messages of one size. */
const seqs = (bytes: Buffer, size: number): number[] =>
  Array.from({ length: bytes.length / size }, (_, index) => Number(bytes.readBigUInt64LE(index * size)));

/** Numbers of the messages that the kernel has sent, by its own stamps. */
const seqsSent = (): number[] => {
  const { stamps } = kernelSide('relay', 'sent');
  return Array.from(
    stamps.filter((_, index) => index % 3 === 0),
    Number,
  );
};

/** Maps the whole buffer of CPU 0, until the test ends; or the error's name. */
const map = (t: TestContext, fd: number, prot: number, flags = MAP_SHARED): number | string => {
  const bytes = parameter('subbuf_size') * parameter('n_subbufs');
  const address = attempt('mmap', 0, bytes, prot, flags, fd, 0);
  if (typeof address === 'number') undo(t, () => assert.equal(attempt('munmap', address, bytes), 0));
  return address;
};

/** What became of a message of `bytes`, by the call of the kernel that is the subject. */
const boundary = (
  subject: string,
  size: 'empty' | 'largest' | 'one more',
  bytes: number,
  result: string,
  says: string,
): void => finding({ about: 'boundary', mechanism, subject, direction: 'k2u', size, bytes, result, says });

/** Copies between our memory and what is mapped, by the kernel's own copies from and to user space. */
const throughPipe = (t: TestContext) => {
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, O_CLOEXEC), 0);
  const [reader = -1, writer = -1] = ends;
  undo(t, () => ends.forEach((end) => void attempt('close', end)));
  return {
    load: (address: number, bytes: number): Buffer => {
      const buffer = Buffer.alloc(bytes);
      assert.equal(attempt('write', writer, address, bytes), bytes);
      assert.equal(attempt('read', reader, buffer, bytes), bytes);
      return buffer;
    },
    store: (address: number, data: Buffer): void => {
      assert.equal(attempt('write', writer, data, data.length), data.length);
      assert.equal(attempt('read', reader, address, data.length), data.length);
    },
  };
};

test('a message lands in the file of the CPU that wrote it, and in no other', (t) => {
  const files = readdirSync(channel('.')).filter((name) => /^cpu\d+$/.test(name));
  assert.equal(
    files.length,
    readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name)).length,
  );
  assert.equal(tell(channel('control/channel'), 'reset'), 5);
  const readers = files.map((file) => ({ cpu: Number(file.slice(3)), fd: openFile(t, file) }));
  for (const { cpu } of readers) {
    runOn(t, cpu);
    produce(64, cpu);
    for (const other of readers)
      assert.deepEqual(
        seqs(read(other.fd), 64),
        other.cpu === cpu ? [cpu] : [],
        `${cpu}, read of ${other.cpu}`,
      );
  }
});

test('read does not wait: an empty buffer reads as the end of a file', (t) => {
  const fd = openBuffer(t);
  const buffer = Buffer.alloc(8);
  assert.equal(attempt('read', fd, buffer, 8), 0);
  assert.equal(attempt('read', openFile(t, 'cpu0', O_NONBLOCK), buffer, 8), 0);
  produce(8, 1);
  assert.equal(attempt('read', fd, buffer, 8), 8);
});

test('the kernel writes bytes: one read takes two messages, and a short one leaves the rest', (t) => {
  const fd = openBuffer(t);
  produce(64, 1);
  produce(8, 2);
  assert.equal(read(fd, 40).length, 40);
  const rest = read(fd);
  assert.equal(rest.length, 32);
  assert.deepEqual(seqs(rest.subarray(24), 8), [2]);
  assert.equal(read(fd).length, 0);
});

test("what one reader has taken is gone for another: the position is the buffer's", (t) => {
  const first = openBuffer(t);
  const second = openFile(t, 'cpu0');
  for (const seq of [1, 2, 3]) produce(64, seq);
  assert.deepEqual(seqs(read(first, 64), 64), [1]);
  assert.deepEqual(seqs(read(second, 64), 64), [2]);
  assert.deepEqual(seqs(read(first), 64), [3]);
});

test('a message never straddles sub-buffers: what is too short for it is left out', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=4`);
  const fd = openBuffer(t);
  for (const seq of [1, 2, 3]) produce(3000, seq);
  assert.deepEqual(produced(), { subbufs: 2, offset: 3000 });
  assert.deepEqual(seqs(read(fd), 3000), [1, 2, 3], 'a reader does not see the gaps');
});

test('a message fills a sub-buffer at most; a byte more, and it is dropped without a word', (t) => {
  reload(t, `max_message=${2 << 20}`);
  const fd = openBuffer(t);
  const limit = parameter('subbuf_size');
  resetStamps('relay', 'sent');
  produce(limit, 1);
  const whole = read(fd, limit);
  assert.deepEqual(seqs(whole, limit), [1]);
  produce(limit + 1, 2);
  const { length } = read(fd);
  assert.equal(length, 0);
  for (const [size, bytes, came, says] of [
    ['largest', limit, whole.length, 'a sub-buffer'],
    ['one more', limit + 1, length, 'relay_write() returns as after any other'],
  ] as const)
    boundary('relay_write', size, bytes, came === bytes ? 'taken' : 'dropped', says);
  assert.deepEqual(seqsSent(), [1, 2], 'relay_write() came back as after any other');
  assert.equal(dropped(), 0, 'nor is subbuf_start asked');
  const log = kernelLogEnd();
  unloadModule('relay');
  const lines = kernelLog(log).filter((line) => line.includes('relay'));
  loadModule(modulePath('relay'));
  const isTold = lines.length > 0;
  if (isTold) assert.match(lines.join('\n'), new RegExp(`relay: .* not logged .*${limit + 1}.*${limit}`));
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'relay_write',
    bytes: limit,
    says: `a sub-buffer, whose size the module chooses; what is larger is dropped, and told ${isTold ? 'in the kernel log when the channel closes' : 'to nobody'}`,
  });
});

for (const [call, parameters] of [
  ['relay_write', ''],
  ['relay_reserve', 'reserve=Y'],
] as const) {
  test(`${call} of no bytes leaves nothing for a reader`, (t) => {
    reload(t, parameters);
    const fd = openBuffer(t);
    const result = tell(channel('control/channel'), 'empty');
    assert.equal(result, 5);
    assert.equal(read(fd).length, 0);
    assert.deepEqual(produced(), { subbufs: 0, offset: 0 });
    boundary(call, 'empty', 0, typeof result === 'string' ? result : 'taken', 'the reader is told nothing');
    produce(64, 1);
    assert.deepEqual(seqs(read(fd), 64), [1]);
  });
}

test('a full buffer drops what comes, and only a count of the module tells', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=2`);
  const fd = openBuffer(t);
  resetStamps('relay', 'sent');
  for (let seq = 0; seq < 8; seq++) produce(1024, seq);
  assert.equal(dropped(), 0);
  produce(1024, 8);
  produce(1024, 9);
  assert.equal(dropped(), 2);
  assert.deepEqual(seqs(read(fd, 3 * 1024), 1024), [0, 1, 2]);
  produce(1024, 10);
  assert.equal(dropped(), 3, 'the first sub-buffer was not read to its end');
  assert.deepEqual(seqs(read(fd), 1024), [3, 4, 5, 6, 7]);
  produce(1024, 11);
  assert.deepEqual(seqs(read(fd), 1024), [11], 'the gap in the numbers is what a reader can see');
  assert.deepEqual(seqsSent(), numbers(12), 'relay_write() came back from each as from any other');
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'relay_write, no overwrite',
    direction: 'k2u',
    sender: 'nothing',
    receiver: 'nothing',
    says: 'a gap in the numbers; the module counts in subbuf_start() what a full buffer drops',
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'k2u',
    loses: 'when full',
    condition: 'new messages are dropped until a whole sub-buffer has been read; nobody is told',
    says: `with 2 sub-buffers of 4 messages, of 0 to 11 the reader got 0 to 7 and 11; the module counted ${dropped()}`,
  });
});

test('with overwrite a full buffer loses its oldest sub-buffer', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=2 overwrite=Y`);
  // Four messages fill a sub-buffer; the next one then begins in the place of the oldest.
  for (const [sent, first] of [
    [8, 0],
    [9, 4],
    [12, 4],
    [13, 8],
    [16, 8],
    [17, 12],
  ] as const) {
    const fd = openBuffer(t);
    resetStamps('relay', 'sent');
    for (let seq = 0; seq < sent; seq++) produce(1024, seq);
    assert.equal(dropped(), 0);
    assert.deepEqual(seqsSent(), numbers(sent));
    assert.deepEqual(seqs(read(fd), 1024), numbers(sent).slice(first), `of ${sent}, all from ${first} on`);
    assert.equal(read(fd).length, 0, 'and no error');
  }
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'relay_write, overwrite',
    direction: 'k2u',
    sender: 'nothing',
    receiver: 'nothing',
    says: 'a gap in the numbers; nothing counts',
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'k2u, overwrite',
    loses: 'when full',
    condition: 'the oldest sub-buffer, with all its messages, makes room for a new one; nobody is told',
    says: 'with 2 sub-buffers of 4 messages, of 0 to 8 the reader got 4 to 8, of 0 to 16 it got 12 to 16',
  });
});

test('with overwrite a reader in the middle of a sub-buffer loses the rest of it', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=2 overwrite=Y`);
  const fd = openBuffer(t);
  for (let seq = 0; seq < 8; seq++) produce(1024, seq);
  assert.deepEqual(seqs(read(fd, 2048), 1024), [0, 1]);
  produce(1024, 8);
  assert.deepEqual(seqs(read(fd), 1024), [4, 5, 6, 7, 8], 'without 2 and 3');
});

test('relay_reserve() gives no place in a full buffer, nor for too large a message: the sender knows', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=1 reserve=Y`);
  const fd = openBuffer(t);
  const order = (words: string): number | string => tell(debugfs('relay', 'produce'), words);
  resetStamps('relay', 'sent');
  produce(page, 1);
  const full = order('8 2');
  assert.equal(full, 'ENOBUFS');
  const whole = read(fd, page);
  assert.deepEqual(seqs(whole, page), [1]);
  boundary('relay_reserve', 'largest', page, whole.length === page ? 'taken' : 'dropped', 'a sub-buffer');
  const tooLarge = order(`${page + 1} 3`);
  assert.equal(tooLarge, 'ENOBUFS');
  boundary('relay_reserve', 'one more', page + 1, tooLarge, 'NULL instead of a place');
  assert.deepEqual(seqsSent(), [1]);
  unloadModule('relay');
  loadModule(modulePath('relay'));
  finding({
    about: 'loss notice',
    mechanism,
    subject: 'relay_reserve',
    direction: 'k2u',
    sender: full,
    receiver: 'nothing',
    says: 'NULL instead of a place, of which the module makes an error',
  });
  finding({
    about: 'guarantee',
    mechanism,
    subject: 'k2u, relay_reserve',
    loses: 'when full',
    condition: `the sender in the kernel is told, by NULL (here ${full})`,
    says: 'what was given a place is read once',
  });
});

test('poll tells of complete sub-buffers only: a message within one wakes nobody', async (t) => {
  const fd = openBuffer(t);
  undo(t, () => set('flush', 'N'));
  produce(64, 1);
  assert.deepEqual(poll(fd), []);
  assert.deepEqual(seqs(read(fd), 64), [1], 'although a read gets it');

  const epoll = Number(attempt('epoll_create1', O_CLOEXEC));
  undo(t, () => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event, packed: events, then eight bytes of the caller's.
  const event = Buffer.alloc(12);
  event.writeUInt32LE(EPOLLIN);
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event), 0);
  const waiting = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  produce(64, 2);
  assert.deepEqual(poll(epoll), []);
  set('flush', 'Y');
  produce(64, 3);
  assert.equal(await waiting, 1);
  assert.deepEqual(seqs(read(fd), 64), [2, 3]);
  assert.deepEqual(poll(fd), []);
  finding({
    about: 'signalling',
    mechanism,
    subject: 'poll, epoll',
    works: true,
    says: 'woken when a sub-buffer is complete, by an interrupt (irq_work); a message within one wakes nobody',
  });
});

test('a kernel thread writes while a reader reads: all messages come, in order', async (t) => {
  const fd = openBuffer(t);
  const count = 2000;
  const bytes = 416;
  const order = `produce ${bytes} 0 ${count}`;
  undo(t, () => assert.equal(tell(debugfs('relay', 'worker'), 'stop'), 4));
  assert.equal(tell(debugfs('relay', 'worker'), order), order.length);
  const got: number[] = [];
  await until('all messages are read', () => {
    got.push(...seqs(read(fd, 256 * bytes), bytes));
    return got.length >= count;
  });
  assert.deepEqual(
    got,
    Array.from({ length: count }, (_, seq) => seq),
  );
  assert.equal(dropped(), 0);
});

test('the buffer is mapped and read where it is, sub-buffer by sub-buffer', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=2`);
  openBuffer(t);
  const address = Number(map(t, openFile(t, 'control/map0'), PROT_READ));
  const { load } = throughPipe(t);
  assert.deepEqual(produced(), { subbufs: 0, offset: 0 });
  for (let seq = 0; seq < 9; seq++) produce(1024, seq);
  assert.equal(dropped(), 1);
  assert.deepEqual(produced(), { subbufs: 2, offset: 0 });
  assert.deepEqual(seqs(load(address, 2 * page), 1024), [0, 1, 2, 3, 4, 5, 6, 7]);

  assert.equal(tell(channel('control/consumed0'), '1'), 1);
  produce(1024, 9);
  assert.deepEqual(produced(), { subbufs: 2, offset: 1024 });
  assert.deepEqual(
    seqs(load(address, 1024), 1024),
    [9],
    'in the place of the sub-buffer that was given back',
  );
  assert.equal(readFileSync(channel('control/consumed0'), 'latin1'), '1\n');
});

test('no more sub-buffers are taken back than there are', (t) => {
  openBuffer(t);
  for (const words of ['1', '0', '-1', '', 'all', '1 1', `${parameter('n_subbufs') + 1}`, `${2n ** 64n}`])
    assert.equal(tell(channel('control/consumed0'), words), 'EINVAL', words);
  assert.equal(readFileSync(channel('control/consumed0'), 'latin1'), '0\n');
});

test('the whole buffer is mapped, or nothing', (t) => {
  const fd = openFile(t, 'control/map0');
  const bytes = parameter('subbuf_size') * parameter('n_subbufs');
  for (const length of [page, bytes - page, bytes + page])
    assert.equal(attempt('mmap', 0, length, PROT_READ, MAP_SHARED, fd, 0), 'EINVAL', `${length} bytes`);
  assert.equal(
    attempt('mmap', 0, bytes, PROT_READ, MAP_SHARED, fd, page),
    'EINVAL',
    'not from its first page',
  );
  assert.equal(
    attempt('mmap', 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
    'EACCES',
    'opened to read',
  );
});

test('a file of debugfs passes mmap on if it was created without protection against its removal', (t) => {
  openBuffer(t);
  produce(64, 7);
  const refused = map(t, openFile(t, 'cpu0'), PROT_READ);
  assert.equal(refused, 'ENODEV');
  const address = map(t, openFile(t, 'control/map0'), PROT_READ);
  assert.ok(typeof address === 'number', `mmap: ${address}`);
  assert.deepEqual(seqs(throughPipe(t).load(address, 64), 64), [7]);
  finding({
    about: 'not possible',
    mechanism,
    subject: 'mmap of a file that debugfs_create_file() made',
    direction: 'k2u',
    holds: true,
    says: `${refused}; debugfs_create_file_unsafe() makes one that can be mapped`,
  });
});

test('nothing can be written into a relay file', (t) => {
  const fd = openBuffer(t, O_RDWR);
  const ends = new Int32Array(2);
  assert.equal(attempt('pipe2', ends, O_CLOEXEC), 0);
  undo(t, () => ends.forEach((end) => void attempt('close', end)));
  assert.equal(attempt('write', ends[1] ?? -1, 'message!', 8), 8);
  produce(64, 1);
  const refusals = {
    write: attempt('write', fd, 'message!', 8),
    pwrite64: attempt('pwrite64', fd, 'message!', 8, 0),
    splice: attempt('splice', ends[0] ?? -1, 0, fd, 0, 8, 0),
  };
  assert.deepEqual(refusals, { write: 'EINVAL', pwrite64: 'ESPIPE', splice: 'EINVAL' });
  assert.equal(attempt('ftruncate', fd, 0), 0, 'debugfs sets the size that stat(2) tells,');
  assert.deepEqual(seqs(read(fd), 64), [1], 'and the buffer stays as it is');
  for (const [call, errno] of Object.entries(refusals))
    finding({
      about: 'not possible',
      mechanism,
      subject: call,
      direction: 'u2k',
      holds: true,
      says: `${errno}`,
    });
});

test('a writable shared mapping does reach the buffer of the kernel', (t) => {
  const fd = openBuffer(t);
  const address = map(t, openFile(t, 'control/map0', O_RDWR), PROT_READ | PROT_WRITE);
  assert.ok(typeof address === 'number', `mmap: ${address}`);
  produce(64, 1);
  const { store } = throughPipe(t);
  const ours = BigUint64Array.of(99n);
  store(address, Buffer.from(ours.buffer));
  const [seq] = seqs(read(fd), 64);
  assert.equal(seq, 99, 'a reader gets what the user stored');
  finding({
    about: 'not possible',
    mechanism,
    subject: 'store into a writable shared mapping',
    direction: 'u2k',
    holds: false,
    says: 'where mmap is passed on, whoever may open the file for writing (root) changes the bytes in the kernel; nothing there looks at them',
  });
});

test('a private mapping keeps what is stored to itself', (t) => {
  const fd = openBuffer(t);
  const address = map(t, openFile(t, 'control/map0'), PROT_READ | PROT_WRITE, MAP_PRIVATE);
  assert.ok(typeof address === 'number', `mmap: ${address}`);
  produce(64, 1);
  throughPipe(t).store(address, Buffer.alloc(8, 255));
  assert.deepEqual(seqs(read(fd), 64), [1]);
});

test('a bad pointer reads as an empty buffer, or is EFAULT, and loses nothing', (t) => {
  const fd = openBuffer(t);
  produce(64, 1);
  assert.equal(attempt('read', fd, 0n, 64), 0, 'relay does not tell that its copy failed');
  assert.equal(
    attempt('read', fd, 0xffff_ffff_8100_0000n, 64),
    'EFAULT',
    'the check of addresses comes before it',
  );
  assert.deepEqual(seqs(read(fd), 64), [1]);
});

test('there is no position to seek to', (t) => {
  const fd = openBuffer(t);
  assert.equal(attempt('lseek', fd, 0, 0), 'ESPIPE');
  assert.equal(attempt('pread64', fd, Buffer.alloc(8), 8, 0), 'ESPIPE');
});

test('relay_write() returns whether anybody reads or not, and never waits', (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=1`);
  const fd = openBuffer(t);
  resetStamps('relay', 'sent');
  for (const seq of [1, 2]) produce(page, seq);
  assert.deepEqual(seqsSent(), [1, 2], 'both have returned, and nobody has read');
  assert.deepEqual(seqs(read(fd), page), [1]);
  finding({
    about: 'synchrony',
    mechanism,
    subject: 'relay_write',
    direction: 'k2u',
    returns: 'before',
    says: 'returns when the bytes are in the buffer; drops them where it is full',
  });
});

const incomparable = tickUnit() ? false : 'ticks of this lens are not comparable';

test('the switch to the next sub-buffer is what costs more', { skip: incomparable }, async () => {
  const bytes = 65536;
  const perSubbuf = parameter('subbuf_size') / bytes;
  const { send } = await sample({
    mechanism,
    direction: 'k2u',
    variant: 'read',
    bytes,
    kernel: 'relay',
    warmup: perSubbuf,
  });
  assert.ok(send);
  const ticks = Array.from(send, Number);
  const within = ticks.filter((_, index) => index % perSubbuf !== 0).toSorted((a, b) => a - b);
  const median = within[Math.floor(within.length / 2)] ?? Number.NaN;
  const switches = ticks.filter((_, index) => index % perSubbuf === 0);
  assert.ok(switches.length > 1);
  for (const one of switches) assert.ok(one > median, `${one} at a switch, ${median} else`);
});

test('an old reader takes a longer message for the start of the next', (t) => {
  const fd = openBuffer(t);
  const [old, longer] = [64, 72];
  for (const seq of [1, 2]) produce(longer, seq);
  const all = Buffer.concat([read(fd, old), read(fd, old)]);
  const [first, second] = seqs(all, old);
  assert.equal(first, 1, 'the first one seems to fit');
  assert.notEqual(second, 2, 'what should be the number is the new field');
  assert.equal(all.readBigUInt64LE(longer), 2n, 'which stands behind it');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'one u64 more',
    outcome: 'silently wrong',
    says: 'bytes without boundaries: the next message begins within this one, and no call fails',
  });
});

test('a 32-bit program reads the buffer, and maps it', async (t) => {
  openBuffer(t);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  produce(64, 1);
  const fd = await peer.attempt('open', channel('cpu0'), O_RDONLY);
  const buffer = Buffer.alloc(64);
  assert.equal(await peer.attempt('read', fd, buffer, 64), 64);
  assert.deepEqual(seqs(buffer, 64), [1]);

  const mapped = await peer.attempt('open', channel('control/map0'), O_RDONLY);
  const bytes = parameter('subbuf_size') * parameter('n_subbufs');
  const address = await peer.attempt('mmap2', 0, bytes, PROT_READ, MAP_SHARED, mapped, 0);
  assert.ok(typeof address === 'number', `mmap2: ${address}`);
  assert.deepEqual(seqs(await peer.peek(address, 64), 64), [1]);
  const told = await peer.attempt('open', channel('control/produced0'), O_RDONLY);
  const progress = new BigUint64Array(2);
  assert.equal(await peer.attempt('read', told, progress, 16), 16);
  assert.deepEqual([...progress], [0n, 64n], 'two u64, where a size_t of the kernel would not fit theirs');
  finding({
    about: 'portability',
    mechanism,
    subject: 'read, mmap',
    outcome: 'works',
    says: 'bytes; the control files tell u64',
  });
});

test('the channel tells its words and takes no others', (t) => {
  openBuffer(t);
  assert.equal(readFileSync(channel('control/channel'), 'latin1'), 'reset\nempty\n');
  for (const words of ['', 'set', 'reset reset', 'reset'.repeat(20)])
    assert.equal(tell(channel('control/channel'), words), 'EINVAL', words);
  produce(64, 1);
  assert.equal(tell(channel('control/channel'), 'reset'), 5);
  assert.deepEqual(produced(), { subbufs: 0, offset: 0 });
});

test('a mapped buffer keeps the module, an open relay file does not', (t) => {
  const path = modulePath('relay');
  const fd = openBuffer(t);
  produce(64, 1);
  const mapped = Number(attempt('open', channel('control/map0'), O_RDONLY | O_CLOEXEC));
  const bytes = parameter('subbuf_size') * parameter('n_subbufs');
  const address = Number(attempt('mmap', 0, bytes, PROT_READ, MAP_SHARED, mapped, 0));
  assert.equal(attempt('close', mapped), 0);
  const refused = unloading('relay');
  assert.equal(refused, 'refused: EAGAIN');
  assert.equal(attempt('munmap', address, bytes), 0);

  unloadModule('relay');
  const told = attempt('read', fd, Buffer.alloc(64), 64);
  assert.equal(told, 'EIO', 'debugfs has removed it');
  assert.deepEqual(poll(fd), ['hup']);
  loadModule(path);
  for (const [subject, survivor, says] of [
    ['mapped', refused, 'a mapping holds the file, and that the module'],
    ['file open', `${told}, poll: hup`, 'the next call tells; what was not read is gone'],
  ] as const)
    finding({ about: 'death', mechanism, subject, direction: 'k2u', of: 'module', survivor, says });
});

test('who waits in poll or epoll is woken when the module goes', async (t) => {
  const path = modulePath('relay');
  const fd = openBuffer(t);
  const epoll = Number(attempt('epoll_create1', O_CLOEXEC));
  undo(t, () => assert.equal(attempt('close', epoll), 0));
  // struct epoll_event, packed: events, then eight bytes of the caller's.
  const event = Buffer.alloc(12);
  event.writeUInt32LE(EPOLLIN);
  assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event), 0);
  // Without a time limit: at the end of one poll looks once more, and would find out by itself.
  const told: string[] = [];
  const polled = pollAsync(fd, ['in'], -1).then((ready) => told.push(...ready));
  await untilBlocked('poll');
  const epolled = attemptAsync('epoll_wait', epoll, event, 1, 10_000);
  await untilBlocked('epoll_wait', epoll);
  unloadModule('relay');
  loadModule(path);
  await until('poll has returned', () => told.length > 0);
  await polled;
  assert.deepEqual(told, ['hup']);
  assert.equal(await epolled, 1);
  assert.ok(event.readUInt32LE() & EPOLLHUP);
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in poll, epoll',
    direction: 'k2u',
    of: 'module',
    survivor: `woken: ${told.join(', ')}`,
    says: 'the module wakes them itself as it removes the files: relay_close() wakes nobody',
  });
});

test('a reader that is killed while it waits leaves what it has not read, and the kernel writes on', async (t) => {
  openBuffer(t);
  resetStamps('relay', 'sent');
  for (const seq of [1, 2, 3]) produce(64, seq);
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const theirs = await peer.attempt('open', channel('cpu0'), O_RDONLY);
  assert.ok(typeof theirs === 'number', `open: ${theirs}`);
  const first = Buffer.alloc(64);
  assert.equal(await peer.attempt('read', theirs, first, 64), 64);
  assert.deepEqual(seqs(first, 64), [1]);
  await peer.killIn('poll', pollfd(theirs, ['in']), 1, -1);
  produce(64, 4);
  assert.deepEqual(seqsSent(), [1, 2, 3, 4]);
  assert.deepEqual(seqs(read(openFile(t, 'cpu0')), 64), [2, 3, 4]);
  finding({
    about: 'death',
    mechanism,
    subject: 'blocked in poll',
    direction: 'k2u',
    of: 'reader',
    survivor: 'nothing',
    says: 'relay_write() goes on as before; the next reader begins where this one was',
  });
});

test('a kernel thread that is stopped while it writes leaves whole messages, and no end tells', async (t) => {
  reload(t, `subbuf_size=${page} n_subbufs=4`);
  const fd = openBuffer(t);
  const bytes = 416;
  const order = `produce ${bytes} 0 ${2 ** 40}`;
  undo(t, () => assert.equal(tell(debugfs('relay', 'worker'), 'stop'), 4));
  assert.equal(tell(debugfs('relay', 'worker'), order), order.length);
  await until('the buffer is full', () => dropped() > 0);
  assert.equal(tell(debugfs('relay', 'worker'), 'stop'), 4);
  const got = read(fd);
  const perSubbuf = Math.floor(page / bytes);
  const seen = seqs(got, bytes).map((_, index) =>
    intactNumber(got.subarray(index * bytes, (index + 1) * bytes)),
  );
  assert.deepEqual(seen, numbers(4 * perSubbuf));
  assert.equal(read(fd).length, 0);
  assert.deepEqual(poll(fd), []);
  finding({
    about: 'death',
    mechanism,
    subject: 'a kernel thread in relay_write',
    direction: 'k2u',
    of: 'writer',
    survivor: 'nothing',
    says: 'a message is put in with interrupts off: whole or not at all; a read gives 0 bytes, as of any empty buffer',
  });
});

test('parameters that make no sense are refused with a reason', (t) => {
  const path = modulePath('relay');
  unloadModule('relay');
  undo(t, () => loadModule(path));
  for (const parameters of [
    'subbuf_size=7',
    'n_subbufs=0',
    'subbuf_size=67108865',
    'n_subbufs=65',
    'max_message=7',
    'max_message=67108865',
    'stamps=0',
  ])
    assert.throws(
      () => loadModule(path, parameters),
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameters),
    );
});

comesAndGoes('relay', () => {
  produce(64, 1);
  const fds = readdirSync(channel('.'))
    .filter((name) => /^cpu\d+$/.test(name))
    .map((file) => Number(attempt('open', channel(file), O_RDONLY | O_CLOEXEC)));
  assert.equal(
    fds.reduce((sum, fd) => sum + read(fd).length, 0),
    64,
  );
  for (const fd of fds) assert.equal(attempt('close', fd), 0);
});
