// A file system of our own on libfs, kmod/ringfs: mounted, it has one file, which holds one message, the last one.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { attempt, comesAndGoes, finding, measure, moduleLoaded, type Needs, sizes } from 'ringcross/guest';
import { unloading } from './answers.ts';
import {
  cannotSignal,
  holdsOneMessage,
  message,
  openedByNobody,
  openFile,
  produce,
  readAt,
  startsAnew,
  withFile,
  write,
} from './message-file.ts';
import { keepsItsModule, keepsToItsSize, outlivesPrograms, promises } from './message-file-reliability.ts';

export const needs = { config: ['CONFIG_IA32_EMULATION'], modules: ['ringfs'] } satisfies Needs;

const folder = '/tmp/ringcross-ringfs';
const file = { mechanism: 'ringfs', path: `${folder}/message`, told: true };

const mount = (where: string, options = ''): number | string => {
  mkdirSync(where, { recursive: true });
  return attempt('mount', 'none', where, 'ringfs', 0, options);
};
const unmount = (where: string): number | string => attempt('umount2', where, 0);

const mounted = (use: () => void): void => {
  assert.equal(mount(folder), 0);
  try {
    use();
  } finally {
    assert.equal(unmount(folder), 0);
  }
};

describe('mounted', () => {
  before(() => assert.equal(mount(folder), 0));
  after(() => assert.equal(unmount(folder), 0));

  // The user's write against the kernel's copy out of user space; the kernel stamps its side.
  measure({ mechanism: 'ringfs', direction: 'u2k', variant: 'write', sizes, kernel: 'ringfs' });

  // The kernel stores a message, then a read copies it out under the module's lock.
  measure({ mechanism: 'ringfs', direction: 'k2u', variant: 'read', sizes, kernel: 'ringfs' });

  holdsOneMessage(file);
  cannotSignal(file);
  keepsToItsSize(file);
  promises(file);
  outlivesPrograms(file);
  keepsItsModule(file);

  test('there is one file, with the mode that the module gave it', () => {
    assert.deepEqual(readdirSync(folder), ['message']);
    assert.equal(statSync(file.path).mode & 0o7777, 0o644);
  });

  test('nobody adds a file or takes one away', () => {
    const O_CREAT = 0o100;
    assert.equal(attempt('open', `${folder}/other`, O_CREAT, 0o600), 'EACCES');
    assert.equal(attempt('mkdir', `${folder}/other`, 0o700), 'EPERM');
    assert.equal(attempt('unlink', file.path), 'EPERM');
  });

  test('statfs tells whose file system it is', () => {
    const told = Buffer.alloc(120);
    assert.equal(attempt('statfs', folder, told), 0);
    // struct statfs: type and block size are its first two longs.
    assert.equal(told.readBigInt64LE(), BigInt(Buffer.from('ring').readUInt32BE()));
    assert.equal(told.readBigInt64LE(8), 4096n);
  });

  test('a second mount shows the same message', (t) => {
    const other = `${folder}-again`;
    assert.equal(mount(other), 0);
    t.after(() => assert.equal(unmount(other), 0));
    withFile(`${other}/message`, (fd) => write(fd, message(3, 64)));
    assert.deepEqual(readAt(openFile(t, file.path), 4096), message(3, 64));
  });

  test('a program without privilege may read and not write', async (t) => {
    assert.deepEqual(await openedByNobody(t, file.path), [3, 'EACCES']);
  });

  test('with a file open it cannot be unmounted, and mounted its module cannot be unloaded', (t) => {
    const survivor = unloading('ringfs');
    assert.equal(survivor, 'refused: EAGAIN');
    assert.ok(moduleLoaded('ringfs'));
    openFile(t, file.path);
    assert.equal(unmount(folder), 'EBUSY');
    finding({
      about: 'death',
      mechanism: 'ringfs',
      subject: 'mounted, no file open',
      direction: 'k2u',
      of: 'module',
      survivor,
      says: 'the mount holds the module',
    });
  });
});

startsAnew(file, mounted);

test('the kernel knows the file system as one that needs no device', () => {
  assert.match(readFileSync('/proc/filesystems', 'latin1'), /^nodev\tringfs$/m);
});

test('a mount option is refused: it has none', () => {
  assert.equal(mount(folder, 'ring=3'), 'EINVAL');
});

test('the message outlives the mount', () => {
  mounted(() => withFile(file.path, (fd) => write(fd, message(4, 64))));
  mounted(() => withFile(file.path, (fd) => assert.deepEqual(readAt(fd, 4096), message(4, 64))));
});

comesAndGoes('ringfs', () => {
  produce('ringfs', 64, 1);
  mounted(() => withFile(file.path, (fd) => assert.equal(readAt(fd, 64).length, 64)));
});
