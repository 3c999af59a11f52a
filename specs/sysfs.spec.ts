// Attributes of a kobject: /sys/kernel/ringcross-sysfs/ of kmod/sysfs. `message` and, in pieces, `data` show one
// message, the last one.
import assert from 'node:assert/strict';
import { constants, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  comesAndGoes,
  finding,
  kernelLog,
  kernelLogEnd,
  loadModule,
  measure,
  modulePath,
  type Needs,
  poll,
  pollAsync,
  provoked,
  sizes,
  unloadModule,
  untilBlocked,
} from 'ringcross/guest';
import { taken, triggered, unloading } from './answers.ts';
import { boundaries } from './boundaries.ts';
import {
  holdsOneMessage,
  message,
  openedByNobody,
  openFile,
  produce,
  readAt,
  refusesParameters,
  wakesPollers,
  withFile,
  withReloaded,
  write,
} from './message-file.ts';
import { outlivesPollers, outlivesPrograms, promises, startPeer } from './message-file-reliability.ts';

export const needs = {
  config: ['CONFIG_SYSFS', 'CONFIG_IA32_EMULATION'],
  modules: ['sysfs'],
} satisfies Needs;

const page = 4096;
const stores = sizes.filter((bytes) => bytes <= page);
// A show that fills the page is cut by a byte: see below.
const shows = sizes.map((bytes) => (bytes === page ? page - 1 : bytes)).filter((bytes) => bytes < page);

// sysfs copies the bytes out of user space into a buffer of its own; the kernel's stamps hold what the store does then.
measure({ mechanism: 'sysfs', direction: 'u2k', variant: 'store', sizes: stores, kernel: 'sysfs' });

// The kernel stores a message and tells nobody; the read clears a page, has the message shown there and copies it out.
measure({ mechanism: 'sysfs', direction: 'k2u', variant: 'show', sizes: shows, kernel: 'sysfs' });

// The kernel stores a message and calls sysfs_notify() while a reader waits in poll: until that is back from there. What
// sysfs_notify() leaves to a work item, for inotify(7), is queued once: while the bench has the CPU it does not run.
measure({ mechanism: 'sysfs', direction: 'k2u', variant: 'poll', sizes: shows, kernel: 'sysfs' });

// In calls of a page each, all of them in one window; the kernel's stamps are those of the last piece.
measure({ mechanism: 'sysfs', direction: 'u2k', variant: 'binary-write', sizes, kernel: 'sysfs' });
measure({ mechanism: 'sysfs', direction: 'k2u', variant: 'binary-read', sizes, kernel: 'sysfs' });

const { O_RDONLY, O_WRONLY } = constants;
const folder = '/sys/kernel/ringcross-sysfs';
const file = { mechanism: 'sysfs', path: `${folder}/message`, told: false };
const data = `${folder}/data`;
const dataSize = `${folder}/data_size`;
const largest = 65536;

/** What a message through `data` has, until the test ends. */
const expectBytes = (t: TestContext, bytes: number): void => {
  writeFileSync(dataSize, `${bytes}\n`);
  t.after(() => writeFileSync(dataSize, `${largest}\n`));
};

const writePiece = (fd: number, bytes: Buffer, at: number): number | string =>
  attempt('pwrite64', fd, bytes, bytes.length, at);

holdsOneMessage(file);
wakesPollers(file, 'woken, POLLPRI | POLLERR, by sysfs_notify()');
promises(file);
outlivesPrograms(file);
outlivesPollers(file);
refusesParameters('sysfs');

test('before the first message there is only the end of the file, and no read waits', () => {
  withReloaded('sysfs', '', () =>
    withFile(file.path, (fd) => assert.deepEqual(readAt(fd, page), Buffer.alloc(0))),
  );
});

test('without sysfs_notify() the message changes and nobody is told', (t) => {
  const parameter = '/sys/module/ringcross_sysfs/parameters/notify';
  writeFileSync(parameter, 'N');
  t.after(() => writeFileSync(parameter, 'Y'));
  const fd = openFile(t, file.path);
  readAt(fd, page);
  produce('sysfs', 64, 77);
  assert.deepEqual(poll(fd, ['pri']), []);
  assert.equal(readAt(fd, page).readBigUInt64LE(), 77n);
});

test('who has not read yet is told at once, though nothing has changed', (t) => {
  assert.deepEqual(poll(openFile(t, file.path), ['pri']), ['pri', 'err']);
});

test('a store gets at most a page: a longer write is cut, and its rest is another message', (t) => {
  const fd = openFile(t, file.path);
  const sent = message(1, page + 8);
  const cut = attempt('write', fd, sent, sent.length);
  assert.equal(cut, page);
  assert.deepEqual(readAt(openFile(t, data, O_RDONLY), page), sent.subarray(0, page));
  // What write(2) asks of its callers after a short count.
  assert.equal(attempt('write', fd, sent.subarray(page), 8), 8);
  assert.deepEqual(readAt(fd, page), sent.subarray(page));
  const full = attempt('write', fd, message(2, page), page);
  assert.deepEqual(readAt(openFile(t, data, O_RDONLY), page), message(2, page));
  const nothing = attempt('write', fd, Buffer.alloc(1), 0);
  assert.equal(nothing, 0);
  assert.deepEqual(readAt(openFile(t, data, O_RDONLY), page), message(2, page), 'it never came to the store');
  boundaries(
    { mechanism: 'sysfs', direction: 'u2k', subject: 'write to an attribute' },
    {
      empty: { bytes: 0, result: 'ignored', says: `write returns ${nothing}, and the store is not called` },
      largest: { bytes: page, result: taken(page, full), says: 'a page' },
      'one more': {
        bytes: page + 1,
        result: taken(page + 1, attempt('write', fd, message(3, page + 1), page + 1)),
        says: 'the first page is a message, the rest another one',
      },
    },
  );
  finding({
    about: 'transfer limit',
    mechanism: 'sysfs',
    subject: 'store',
    bytes: page,
    says: `a page; of ${sent.length} B the call takes ${cut}, and the rest is another message`,
  });
});

test('a show has a page less one byte: what fills the page is cut, and the kernel complains', (t) => {
  const fd = openFile(t, file.path);
  write(fd, message(1, page - 1));
  assert.deepEqual(readAt(fd, page), message(1, page - 1));
  write(fd, message(2, page));
  const before = kernelLogEnd();
  const cut = readAt(fd, page);
  assert.deepEqual(cut, message(2, page).subarray(0, page - 1));
  const lines = kernelLog(before);
  assert.match(
    lines.join('\n'),
    /^(?:fill_read_buffer: .* returned bad count|OOB write or bad count 4096 at .*)$/m,
  );
  // There are kernels that call it a warning.
  provoked(lines.filter((line) => line.startsWith('WARNING:') && line.includes('sysfs_kf_seq_show')));
  produce('sysfs', page - 1, 3);
  const whole = readAt(fd, page);
  const empty = triggered(() => produce('sysfs', 0, 4));
  assert.equal(empty, 'EINVAL');
  boundaries(
    { mechanism: 'sysfs', direction: 'k2u', subject: 'show, of an attribute' },
    {
      empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
      largest: { bytes: page - 1, result: taken(page - 1, whole.length), says: 'a page less one byte' },
      'one more': {
        bytes: page,
        result: taken(page, cut.length),
        says: 'cut by a byte, told to the log of the kernel only',
      },
    },
  );
  finding({
    about: 'transfer limit',
    mechanism: 'sysfs',
    subject: 'show',
    bytes: page - 1,
    says: `a page less one byte; of one more it gives ${cut.length}, and the kernel logs it`,
  });
});

test('a message that is too large to be shown is EMSGSIZE, and is whole in the binary attribute', (t) => {
  produce('sysfs', page + 1, 1);
  const buffer = Buffer.alloc(page);
  assert.equal(attempt('pread64', openFile(t, file.path, O_RDONLY), buffer, page, 0), 'EMSGSIZE');
  const fd = openFile(t, data, O_RDONLY);
  assert.equal(readAt(fd, page).length + readAt(fd, page, page).length, page + 1);
});

test('a binary attribute moves a page a call and a message in several, up to its own size', (t) => {
  const fd = openFile(t, data);
  const sent = message(1, largest);
  assert.equal(writePiece(fd, sent, 0), page);
  for (let at = page; at < largest; at += page) assert.equal(writePiece(fd, sent.subarray(at), at), page);
  const beyond = writePiece(fd, Buffer.alloc(8), largest);
  assert.equal(beyond, 'EFBIG');
  assert.equal(readAt(fd, largest).length, page);
  const pieces = Array.from({ length: largest / page }, (_, index) => readAt(fd, page, index * page));
  assert.ok(Buffer.concat(pieces).equals(sent));
  const nothing = writePiece(fd, Buffer.alloc(0), 0);
  assert.equal(nothing, 0);
  assert.ok(readAt(fd, page).equals(sent.subarray(0, page)), 'it never came to the module');
  boundaries(
    { mechanism: 'sysfs', direction: 'u2k', subject: 'write to a binary attribute' },
    {
      empty: { bytes: 0, result: 'ignored', says: `write returns ${nothing}, and the module is not called` },
      largest: { bytes: largest, result: 'taken', says: `in ${pieces.length} calls of a page` },
      'one more': { bytes: largest + 1, result: beyond as string, says: 'at the size that it declares' },
    },
  );
  finding({
    about: 'transfer limit',
    mechanism: 'sysfs',
    subject: 'binary attribute',
    bytes: page,
    says: `a page a call, of ${largest} B that it declares; beyond, ${beyond}`,
  });
});

test('a message in pieces appears with its last one, and in its order', (t) => {
  expectBytes(t, 100);
  const fd = openFile(t, data);
  withFile(file.path, (attribute) => write(attribute, message(1, 64)));
  const sent = message(2, 100);
  assert.equal(writePiece(fd, sent.subarray(0, 60), 0), 60);
  assert.deepEqual(readAt(fd, page), message(1, 64), 'the last message, still');
  for (const at of [30, 61])
    assert.equal(writePiece(fd, sent.subarray(60), at), 'EINVAL', `a piece at ${at}`);
  assert.equal(writePiece(fd, Buffer.alloc(41), 60), 'EMSGSIZE');
  assert.equal(writePiece(fd, sent.subarray(60), 60), 40);
  assert.deepEqual(readAt(fd, page), sent);
  assert.equal(writePiece(fd, sent.subarray(60), 60), 'EINVAL', 'the message is complete');
});

test('pieces of two writers never make one message', (t) => {
  expectBytes(t, 100);
  const [one, other] = [openFile(t, data), openFile(t, data)];
  assert.equal(writePiece(one, message(1, 60), 0), 60);
  assert.equal(writePiece(other, message(2, 40), 60), 'EINVAL');
  assert.equal(writePiece(other, message(2, 60), 0), 60, 'a first piece takes over');
  const refused = writePiece(one, message(1, 40), 60);
  assert.equal(refused, 'EINVAL');
  assert.equal(writePiece(other, message(2, 40), 60), 40);
  assert.equal(readAt(other, page).length, 100);
  finding({
    about: 'guarantee',
    mechanism: 'sysfs',
    subject: 'u2k binary attribute',
    loses: 'never',
    condition: 'the write of the last piece has returned its size',
    says: `two writers never mix: the later one goes on, the other is told ${refused}`,
  });
});

test('of a message whose writer is killed between two pieces nothing is left', async (t) => {
  expectBytes(t, 100);
  withFile(file.path, (fd) => write(fd, message(1, 64)));
  const { peer, fd: theirs } = await startPeer(t, data);
  assert.equal(await peer.attempt('pwrite64', theirs, message(2, 60), 60, 0, 0), 60);
  await peer.stop();
  const fd = openFile(t, data);
  const left = readAt(fd, page);
  assert.deepEqual(left, message(1, 64), 'the last message is as it was');
  assert.equal(writePiece(fd, message(3, 100).subarray(0, 60), 0), 60);
  assert.equal(writePiece(fd, message(3, 100).subarray(60), 60), 40);
  assert.deepEqual(readAt(fd, page), message(3, 100), 'the next writer finds nothing in its way');
  finding({
    about: 'death',
    mechanism: 'sysfs',
    subject: 'between two pieces, binary attribute',
    direction: 'u2k',
    of: 'writer',
    survivor: 'nothing',
    says: `no part of it: the last message stays, all ${left.length} B`,
  });
});

test('of the largest message that the kernel stores a binary attribute shows all, piece by piece', (t) => {
  const fd = openFile(t, data, O_RDONLY);
  const stored = (bytes: number) => triggered(() => produce('sysfs', bytes, 1));
  const [full, more, empty] = [stored(largest), stored(largest + 1), stored(0)];
  assert.deepEqual([full, more, empty], ['taken', 'EMSGSIZE', 'EINVAL']);
  const pieces = Array.from({ length: largest / page + 1 }, (_, index) => readAt(fd, page, index * page));
  assert.equal(Buffer.concat(pieces).length, largest);
  boundaries(
    { mechanism: 'sysfs', direction: 'k2u', subject: 'read of a binary attribute' },
    {
      empty: { bytes: 0, result: empty, says: 'the module wants room for a number' },
      largest: { bytes: largest, result: full, says: `in ${largest / page} reads of a page` },
      'one more': { bytes: largest + 1, result: more, says: 'the last message stays' },
    },
  );
});

test('a message that is read in pieces may be two messages', (t) => {
  const fd = openFile(t, data, O_RDONLY);
  produce('sysfs', 100, 1);
  assert.equal(readAt(fd, 50).readBigUInt64LE(), 1n);
  withFile(file.path, (attribute) => write(attribute, message(2, 100)));
  assert.deepEqual(readAt(fd, 50, 50), message(2, 100).subarray(50));
  finding({
    about: 'guarantee',
    mechanism: 'sysfs',
    subject: 'k2u binary attribute',
    loses: 'when full',
    condition: 'one message fits: the next replaces it',
    says: 'a state: what is read in pieces may be parts of two messages',
  });
});

for (const [what, address] of [
  ['a null pointer', 0n],
  ['a kernel address', 0xffff_ffff_8100_0000n],
] as const) {
  test(`${what} is EFAULT both ways in the binary attribute, too`, (t) => {
    expectBytes(t, 64);
    const fd = openFile(t, data);
    assert.equal(writePiece(fd, message(1, 64), 0), 64);
    assert.equal(attempt('pwrite64', fd, address, 64, 0), 'EFAULT');
    assert.equal(attempt('pread64', fd, address, 64, 0), 'EFAULT');
    assert.deepEqual(readAt(fd, page), message(1, 64));
  });
}

test('the size of a message in pieces is a number that the module has room for', (t) => {
  const fd = openFile(t, dataSize);
  for (const [words, refusal] of [
    ['many', 'EINVAL'],
    ['-8', 'EINVAL'],
    ['7', 'EINVAL'],
    [`${largest + 1}`, 'EMSGSIZE'],
    [`${2n ** 32n}`, 'ERANGE'],
  ] as const)
    assert.equal(attempt('write', fd, Buffer.from(words), words.length), refusal, words);
  assert.equal(readAt(fd, page).toString('latin1'), `${largest}\n`);
});

test('a program without privilege may read and not write', async (t) => {
  for (const path of [file.path, data]) assert.deepEqual(await openedByNobody(t, path), [3, 'EACCES']);
});

test('an attribute for reading refuses even root, whom no mode stops elsewhere', () => {
  assert.equal(attempt('open', '/sys/module/ringcross_sysfs/parameters/stamps', O_WRONLY), 'EACCES');
});

test('open attributes do not keep the module: afterwards they answer ENODEV', (t) => {
  const module = modulePath('sysfs');
  const opened = [openFile(t, file.path), openFile(t, data)];
  unloadModule('sysfs');
  t.after(() => loadModule(module));
  for (const fd of opened) {
    assert.equal(attempt('pread64', fd, Buffer.alloc(8), 8, 0), 'ENODEV');
    assert.equal(attempt('write', fd, message(1, 8), 8), 'ENODEV');
    assert.deepEqual(poll(fd, ['pri']), ['pri', 'err']);
  }
  for (const direction of ['u2k', 'k2u'] as const)
    finding({
      about: 'death',
      mechanism: 'sysfs',
      subject: 'file open',
      direction,
      of: 'module',
      survivor: 'ENODEV',
      says: 'sysfs cuts the open file off and lets the module go; poll answers POLLPRI | POLLERR',
    });
});

test('a reader that waits in poll is woken when the module goes', async (t) => {
  const module = modulePath('sysfs');
  const fd = openFile(t, file.path, O_RDONLY);
  readAt(fd, page);
  const waiting = pollAsync(fd, ['pri'], 10_000);
  await untilBlocked('poll');
  const went = unloading('sysfs');
  t.after(() => loadModule(module));
  assert.equal(went, 'unloaded');
  const woken = await waiting;
  assert.deepEqual(woken, ['pri', 'err']);
  const left = attempt('pread64', fd, Buffer.alloc(8), 8, 0);
  assert.equal(left, 'ENODEV');
  finding({
    about: 'death',
    mechanism: 'sysfs',
    subject: 'blocked in poll',
    direction: 'k2u',
    of: 'module',
    survivor: `${woken.map((event) => `POLL${event.toUpperCase()}`).join(' | ')}, then ${left}`,
    says: 'the module notifies the attribute that it has removed',
  });
});

comesAndGoes('sysfs', () => {
  produce('sysfs', 64, 1);
  withFile(file.path, (fd) => assert.equal(readAt(fd, 64).length, 64));
});
