// What a file does that holds one message (kmod/include/ringcross-slot.h), as tests that each such mechanism declares.
import assert from 'node:assert/strict';
import { constants, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  attemptAsync,
  debugfs,
  finding,
  holdReceiver,
  kernelSide,
  loadModule,
  modulePath,
  nowhere,
  poll,
  pollAsync,
  resetStamps,
  startPeer32,
  syscallAsync,
  unloadModule,
  untilBlocked,
} from 'ringcross/guest';

export interface MessageFile {
  /** Also the name of its module. */
  readonly mechanism: string;
  /** Where writes replace the message and reads show it. */
  readonly path: string;
  /** Whether what takes a write is told of O_NONBLOCK. */
  readonly told: boolean;
}

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const page = 4096;
const nobody = 65534;
/** Of i386: its sets of three user ids. */
const setresuid32 = 208;

/** A descriptor of the file, closed when the test ends. */
export const openFile = (t: TestContext, path: string, flags = O_RDWR): number => {
  const fd = attempt('open', path, flags);
  assert.ok(typeof fd === 'number', `open of ${path}: ${fd}`);
  t.after(() => assert.equal(attempt('close', fd), 0));
  return fd;
};

/** A message: its sequence number, then one byte over and over. */
export const message = (seq: number, bytes: number): Buffer => {
  const made = Buffer.alloc(bytes, seq);
  made.writeBigUInt64LE(BigInt(seq));
  return made;
};

/** What one read of at most `bytes` from `at` on gives. */
export const readAt = (fd: number, bytes: number, at = 0): Buffer => {
  const buffer = Buffer.alloc(bytes);
  const got = attempt('pread64', fd, buffer, bytes, at);
  assert.ok(typeof got === 'number', `pread of ${bytes} at ${at}: ${got}`);
  return buffer.subarray(0, got);
};

export const write = (fd: number, bytes: Buffer): void =>
  assert.equal(attempt('write', fd, bytes, bytes.length), bytes.length);

/** The kernel stores a message. */
export const produce = (mechanism: string, bytes: number, seq: number): void =>
  writeFileSync(debugfs(mechanism, 'produce'), `${bytes} ${seq}`);

/** Sequence numbers that the module has stamped, in order. */
export const stamped = (mechanism: string, side: 'sent' | 'received'): bigint[] =>
  [...kernelSide(mechanism, side).stamps].filter((_, index) => index % 3 === 0);

/** Calls `use` with a descriptor of the file. */
export const withFile = <T>(path: string, use: (fd: number) => T): T => {
  const fd = attempt('open', path, O_RDWR);
  assert.ok(typeof fd === 'number', `open of ${path}: ${fd}`);
  try {
    return use(fd);
  } finally {
    assert.equal(attempt('close', fd), 0);
  }
};

/** Calls `use` with the module loaded anew, with these parameters. */
export const withReloaded = <T>(mechanism: string, parameters: string, use: () => T): T => {
  const path = modulePath(mechanism);
  unloadModule(mechanism);
  loadModule(path, parameters);
  try {
    return use();
  } finally {
    unloadModule(mechanism);
    loadModule(path);
  }
};

/** Declares what reading, writing, sizes of a message and its fields do. */
export const holdsOneMessage = (file: MessageFile): void => {
  const { mechanism, path } = file;
  test('a read from offset 0 shows the last message, as often as it is asked', (t) => {
    const fd = openFile(t, path);
    const reader = openFile(t, path, O_RDONLY);
    write(fd, message(1, 100));
    write(fd, message(2, 64));
    for (let times = 0; times < 2; times++) assert.deepEqual(readAt(reader, page), message(2, 64));
    produce(mechanism, 80, 3);
    const last = readAt(reader, page);
    assert.deepEqual([last.length, last.readBigUInt64LE()], [80, 3n]);
  });

  test('a message can be read in parts, and then comes the end: no read waits for the next one', (t) => {
    const fd = openFile(t, path);
    write(fd, message(1, 100));
    assert.deepEqual(readAt(fd, 60), message(1, 100).subarray(0, 60));
    assert.deepEqual(readAt(fd, page, 60), message(1, 100).subarray(60));
    assert.deepEqual(readAt(fd, page, 100), Buffer.alloc(0));
    const reader = openFile(t, path, O_RDONLY);
    const buffer = Buffer.alloc(page);
    assert.equal(attempt('read', reader, buffer, page), 100);
    assert.equal(attempt('read', reader, buffer, page), 0);
  });

  for (const [what, address] of Object.entries(nowhere)) {
    test(`${what} is EFAULT both ways, and the last message stays`, (t) => {
      const fd = openFile(t, path);
      write(fd, message(1, 64));
      assert.equal(attempt('write', fd, address, 32), 'EFAULT');
      assert.equal(attempt('pread64', fd, address, 64, 0), 'EFAULT');
      assert.deepEqual(readAt(fd, page), message(1, 64));
    });
  }

  test('a message without room for its number is EINVAL, and the last one stays', (t) => {
    const fd = openFile(t, path);
    write(fd, message(1, 64));
    for (const bytes of [1, 7]) assert.equal(attempt('write', fd, message(2, 8), bytes), 'EINVAL');
    assert.deepEqual(readAt(fd, page), message(1, 64));
  });

  test('a reader never sees parts of two messages, whoever writes meanwhile', async (t) => {
    const bytes = 2000;
    const [first, second, reader] = [openFile(t, path), openFile(t, path), openFile(t, path, O_RDONLY)];
    const [ones, twos, seen] = [message(1, bytes), message(2, bytes), Buffer.alloc(bytes)];
    write(first, ones);
    for (let round = 0; round < 100; round++) {
      const done = await Promise.all([
        attemptAsync('write', first, ones, bytes),
        attemptAsync('pread64', reader, seen, bytes, 0),
        attemptAsync('write', second, twos, bytes),
      ]);
      assert.deepEqual(done, [bytes, bytes, bytes]);
      assert.ok(seen.equals(ones) || seen.equals(twos), `round ${round}`);
    }
  });

  test('each side that the kernel has is stamped once, by sequence number', (t) => {
    const fd = openFile(t, path);
    resetStamps(mechanism, 'received');
    resetStamps(mechanism, 'sent');
    write(fd, message(41, 8));
    produce(mechanism, 64, 42);
    for (const [side, seq] of [
      ['received', 41n],
      ['sent', 42n],
    ] as const) {
      const [number, start = 0n, end = 0n, ...more] = kernelSide(mechanism, side).stamps;
      assert.equal(number, seq);
      assert.ok(start < end, `${start} < ${end}`);
      assert.deepEqual(more, []);
    }
  });

  extensibility(file);
  portability(file);
  synchrony(file);
};

/** A message of two fields, and a newer one that has a third. Bytes. */
const [oldFormat, newFormat] = [16, 24];
const fields = (...values: bigint[]): Buffer => Buffer.from(BigUint64Array.from(values).buffer);

const extensibility = ({ mechanism, path }: MessageFile): void => {
  test('an old reader of a message with one more field gets the fields that it knows', (t) => {
    const fd = openFile(t, path);
    write(fd, fields(7n, 70n, 700n));
    const read = readAt(fd, oldFormat);
    assert.deepEqual(read, fields(7n, 70n));
    finding({
      about: 'extensibility',
      mechanism,
      subject: 'old reader, newer message',
      outcome: 'works',
      says: `a read of ${read.length} B from offset 0 gives the old fields`,
    });
  });

  test('an old reader that reads on takes the new field for a message', (t) => {
    write(openFile(t, path), fields(7n, 70n, 700n));
    const reader = openFile(t, path, O_RDONLY);
    const buffer = Buffer.alloc(oldFormat);
    assert.equal(attempt('read', reader, buffer, oldFormat), oldFormat);
    const rest = attempt('read', reader, buffer, oldFormat);
    assert.equal(rest, newFormat - oldFormat);
    assert.equal(buffer.readBigUInt64LE(), 700n);
    finding({
      about: 'extensibility',
      mechanism,
      subject: 'old reader that reads on, newer message',
      outcome: 'silently wrong',
      says: `the next read gives the other ${rest} B`,
    });
  });

  test('a new reader of an old message learns from the count that the field is not there', (t) => {
    const fd = openFile(t, path);
    write(fd, fields(7n, 70n));
    const read = readAt(fd, newFormat);
    assert.deepEqual(read, fields(7n, 70n));
    finding({
      about: 'extensibility',
      mechanism,
      subject: 'newer reader, old message',
      outcome: 'works',
      says: `a short read: ${read.length} of ${newFormat} B`,
    });
  });
};

const portability = ({ mechanism, path }: MessageFile): void => {
  test('a 32-bit program exchanges messages of fixed-width fields with the module', async (t) => {
    const peer = await startPeer32();
    t.after(() => peer.stop());
    const theirs = (await peer.attempt('open', path, O_RDWR)) as number;
    const fd = openFile(t, path);
    const sent = fields(2n ** 40n, 2n ** 63n, 5n);
    assert.equal(await peer.attempt('write', theirs, sent, sent.length), sent.length);
    assert.deepEqual(readAt(fd, page), sent);
    produce(mechanism, 1024, 9);
    const buffer = Buffer.alloc(page);
    const got = await peer.attempt('pread64', theirs, buffer, page, 0, 0);
    assert.equal(got, 1024);
    assert.deepEqual(buffer.subarray(0, 1024), readAt(fd, page));
    finding({
      about: 'portability',
      mechanism,
      subject: 'fixed-width fields',
      outcome: 'works',
      says: `${sent.length} B out and ${got} B in, the same on both sides`,
    });
  });

  test('a structure with a long is another one in a 32-bit program, and nobody notices', async (t) => {
    const peer = await startPeer32();
    t.after(() => peer.stop());
    const theirs = (await peer.attempt('open', path, O_RDWR)) as number;
    // struct { long seq; long value; } of i386.
    const sent = Int32Array.of(7, 70);
    assert.equal(await peer.attempt('write', theirs, sent, sent.byteLength), sent.byteLength);
    const read = readAt(openFile(t, path), oldFormat);
    assert.equal(read.length, oldFormat / 2);
    assert.equal(read.readBigInt64LE(), 7n + (70n << 32n));
    finding({
      about: 'portability',
      mechanism,
      subject: 'a structure with a long',
      outcome: 'breaks',
      says: `${read.length} B where a 64-bit reader expects ${oldFormat}, and both fields are in the first`,
    });
  });

  test('text is the same in a 32-bit program, whatever type it has there', async (t) => {
    const peer = await startPeer32();
    t.after(() => peer.stop());
    const theirs = (await peer.attempt('open', path, O_RDWR)) as number;
    const [seq, value] = [7, -(2 ** 31)];
    const sent = Buffer.from(`${seq} ${value}\n`);
    assert.equal(await peer.attempt('write', theirs, sent, sent.length), sent.length);
    const read = readAt(openFile(t, path), page).toString('latin1');
    assert.deepEqual(read.trim().split(' ').map(Number), [seq, value]);
    finding({
      about: 'portability',
      mechanism,
      subject: 'text',
      outcome: 'works',
      says: `two longs as ${read.length} characters`,
    });
  });
};

const synchrony = (file: MessageFile): void => {
  const { mechanism, path, told } = file;

  test('write returns when the kernel has the message, however long that takes', (t) =>
    waitsForReceiver(
      t,
      file,
      'write',
      'the handler runs in the caller: it waits as long as the receiver does',
    ));

  if (told)
    test('write with O_NONBLOCK returns after the kernel has the message, or refuses to send', (t) => {
      const fd = openFile(t, path, O_RDWR | O_NONBLOCK);
      resetStamps(mechanism, 'received');
      const release = holdReceiver(mechanism);
      t.after(release);
      const refused = attempt('write', fd, message(11, 64), 64);
      assert.equal(refused, 'EAGAIN');
      assert.deepEqual(stamped(mechanism, 'received'), []);
      release();
      write(fd, message(12, 64));
      assert.deepEqual(stamped(mechanism, 'received'), [12n]);
      finding({
        about: 'synchrony',
        mechanism,
        subject: 'write, O_NONBLOCK',
        direction: 'u2k',
        returns: 'after',
        says: `a receiver that is held: ${refused}; else the message is there on return`,
      });
    });
  else
    test('nobody tells the receiver of O_NONBLOCK: write waits for it all the same', (t) =>
      waitsForReceiver(
        t,
        file,
        'write, O_NONBLOCK',
        'the receiver is not told of the flag: it waits all the same',
      ));

  test('the kernel goes on before anybody has its message', (t) => {
    resetStamps(mechanism, 'sent');
    produce(mechanism, 64, 12);
    const [sent] = kernelSide(mechanism, 'sent').stamps;
    assert.equal(sent, 12n, 'sent, while nobody has the file open');
    assert.equal(readAt(openFile(t, path), page).readBigUInt64LE(), 12n);
    finding({
      about: 'synchrony',
      mechanism,
      subject: 'store, for a later read',
      direction: 'k2u',
      returns: 'before',
      says: 'the message waits in the kernel for whoever reads',
    });
  });
};

/** Shows that a write, with O_NONBLOCK where its name says so, ends when the receiver has the message. */
const waitsForReceiver = async (
  t: TestContext,
  { mechanism, path }: MessageFile,
  call: 'write' | 'write, O_NONBLOCK',
  says: string,
): Promise<void> => {
  const fd = openFile(t, path, O_RDWR | (call === 'write' ? 0 : O_NONBLOCK));
  resetStamps(mechanism, 'received');
  const release = holdReceiver(mechanism);
  t.after(release);
  const writing = attemptAsync('write', fd, message(11, 64), 64);
  await untilBlocked('write', fd);
  assert.deepEqual(stamped(mechanism, 'received'), [], 'the receiver is held, and so is the sender');
  release();
  assert.equal(await writing, 64);
  assert.deepEqual(stamped(mechanism, 'received'), [11n]);
  finding({ about: 'synchrony', mechanism, subject: call, direction: 'u2k', returns: 'after', says });
};

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
/** struct epoll_event, packed on x86-64: events, then data. */
const epollEventBytes = 12;

const epollOf = (t: TestContext): number => {
  const epoll = Number(attempt('epoll_create1', 0));
  t.after(() => assert.equal(attempt('close', epoll), 0));
  return epoll;
};

const priority = (): Buffer => {
  const event = Buffer.alloc(epollEventBytes);
  event.writeUInt32LE(EPOLLPRI);
  return event;
};

/** Declares that the file wakes those who wait for POLLPRI; `says` names the convention. */
export const wakesPollers = ({ mechanism, path }: MessageFile, says: string): void => {
  test('poll for POLLPRI waits until the message changes, and again after it was read', async (t) => {
    const fd = openFile(t, path);
    readAt(fd, page);
    assert.deepEqual(poll(fd, ['pri']), []);
    for (const [seq, send] of [
      [1n, () => produce(mechanism, 64, 1)],
      [2n, () => write(openFile(t, path), message(2, 64))],
    ] as const) {
      const waiting = pollAsync(fd, ['pri'], 10_000);
      await untilBlocked('poll');
      send();
      const woken = await waiting;
      assert.deepEqual(woken, ['pri', 'err']);
      assert.deepEqual(poll(fd, ['pri']), ['pri', 'err'], 'until it is read');
      assert.equal(readAt(fd, page).readBigUInt64LE(), seq);
      assert.deepEqual(poll(fd, ['pri']), []);
    }
    finding({ about: 'signalling', mechanism, subject: 'poll', works: true, says });
  });

  test('epoll for EPOLLPRI is woken, too', async (t) => {
    const fd = openFile(t, path);
    readAt(fd, page);
    const epoll = epollOf(t);
    assert.equal(attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, priority()), 0);
    const event = Buffer.alloc(epollEventBytes);
    const waiting = syscallAsync('epoll_wait', epoll, event, 1, 10_000);
    await untilBlocked('epoll_wait', epoll);
    produce(mechanism, 64, 3);
    assert.equal(await waiting, 1n);
    assert.ok(event.readUInt32LE() & EPOLLPRI);
    finding({ about: 'signalling', mechanism, subject: 'epoll', works: true, says });
  });

  test('POLLIN says nothing: the file can always be read and written', (t) => {
    const fd = openFile(t, path);
    readAt(fd, page);
    assert.deepEqual(poll(fd), ['in', 'out']);
  });
};

/** Declares that the file, which has no poll method, tells nobody anything. */
export const cannotSignal = ({ mechanism, path }: MessageFile): void => {
  test('without a poll method poll answers at once and tells nothing, and epoll refuses the file or tells nothing', (t) => {
    const fd = openFile(t, path);
    const before = poll(fd, ['in', 'out', 'pri']);
    produce(mechanism, 64, 1);
    const changed = poll(fd, ['in', 'out', 'pri']);
    assert.deepEqual(
      [before, changed],
      [
        ['in', 'out'],
        ['in', 'out'],
      ],
    );
    const epoll = epollOf(t);
    const answer = attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, priority());
    const isTaken = answer === 0;
    if (isTaken) {
      produce(mechanism, 64, 2);
      assert.equal(attempt('epoll_wait', epoll, Buffer.alloc(epollEventBytes), 1, 0), 0);
    } else assert.equal(answer, 'EPERM');
    finding({
      about: 'signalling',
      mechanism,
      subject: 'poll',
      works: false,
      says: `always ${before.join(' and ')}; epoll_ctl: ${isTaken ? 'takes it, and epoll_wait never returns' : answer}`,
    });
  });
};

/**
 * Declares what a module does that has just been loaded, and what it makes of its parameters. Nobody may use it
 * meanwhile: `present` makes its file appear where that takes more than the module.
 */
export const startsAnew = (
  { mechanism, path }: MessageFile,
  present: (use: () => void) => void = (use) => use(),
): void => {
  const largest = 4 << 20;

  test('before the first message there is only the end of the file, and no read waits', () => {
    withReloaded(mechanism, '', () =>
      present(() => withFile(path, (fd) => assert.deepEqual(readAt(fd, page), Buffer.alloc(0)))),
    );
  });

  test('one call moves as much as the module keeps; one byte more is EMSGSIZE', () => {
    const moved = (fd: number): number => {
      write(fd, message(1, largest));
      assert.equal(attempt('write', fd, Buffer.alloc(largest + 1, 1), largest + 1), 'EMSGSIZE');
      const read = readAt(fd, largest + 1);
      assert.ok(read.equals(message(1, largest)));
      return read.length;
    };
    withReloaded(mechanism, `max_message=${largest}`, () =>
      present(() =>
        finding({
          about: 'transfer limit',
          mechanism,
          subject: 'one call',
          bytes: null,
          says: `none of its own: ${withFile(path, moved)} B in one call; EMSGSIZE is the module's`,
        }),
      ),
    );
  });

  refusesParameters(mechanism);
};

/** Declares that the module is not loaded with limits that make no sense. */
export const refusesParameters = (mechanism: string): void => {
  test('parameters that make no sense are refused with a reason', (t) => {
    const path = modulePath(mechanism);
    unloadModule(mechanism);
    t.after(() => loadModule(path));
    for (const parameter of ['max_message=7', `max_message=${(64 << 20) + 1}`, 'stamps=0'])
      assert.throws(
        () => loadModule(path, parameter),
        (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(parameter),
      );
  });
};

/** What the file answers to a program of no privilege that opens it for reading, and for writing. */
export const openedByNobody = async (
  t: TestContext,
  path: string,
): Promise<[read: unknown, write: unknown]> => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  assert.equal(await peer.attempt(setresuid32, nobody, nobody, nobody), 0);
  return [await peer.attempt('open', path, O_RDONLY), await peer.attempt('open', path, O_RDWR)];
};
