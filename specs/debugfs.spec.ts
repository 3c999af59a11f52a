// Files of debugfs, of kmod/debugfs: `message` with read and write of the module's own, `blob` made by the kernel's
// debugfs_create_blob(). Both show one message, the last one.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import {
  attempt,
  comesAndGoes,
  debugfs,
  finding,
  kernelSide,
  loadModule,
  measure,
  modulePath,
  type Needs,
  resetStamps,
  sizes,
  unloadModule,
} from 'ringcross/guest';
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

export const needs = {
  config: ['CONFIG_DEBUG_FS', 'CONFIG_IA32_EMULATION'],
  modules: ['debugfs'],
} satisfies Needs;

// The user's write against the kernel's copy out of user space; the kernel stamps its side.
measure({ mechanism: 'debugfs', direction: 'u2k', variant: 'write', sizes, kernel: 'debugfs' });

// The kernel stores a message, then the module's read method copies it out under its lock.
measure({ mechanism: 'debugfs', direction: 'k2u', variant: 'read', sizes, kernel: 'debugfs' });

// The same from the blob: the kernel's own read method, and no lock.
measure({ mechanism: 'debugfs', direction: 'k2u', variant: 'blob', sizes, kernel: 'debugfs' });

const file = { mechanism: 'debugfs', path: debugfs('debugfs', 'message'), told: true };
const blob = debugfs('debugfs', 'blob');
const { O_RDONLY } = constants;

holdsOneMessage(file);
cannotSignal(file);
keepsToItsSize(file);
promises(file);
outlivesPrograms(file);
keepsItsModule(file);
startsAnew(file);

test('debugfs is not one-way: a program that writes first reaches the kernel, which takes the message whole', (t) => {
  resetStamps('debugfs', 'received');
  write(openFile(t, file.path), message(5, 1024));
  const [received] = kernelSide('debugfs', 'received').stamps;
  assert.equal(received, 5n);
  assert.deepEqual(
    readAt(openFile(t, blob, O_RDONLY), 4096),
    message(5, 1024),
    'it lies in memory of the kernel',
  );
});

test('the blob shows each message in its size, whoever sent it', (t) => {
  const reader = openFile(t, blob, O_RDONLY);
  produce('debugfs', 100, 1);
  assert.equal(readAt(reader, 4096).length, 100);
  write(openFile(t, file.path), message(2, 60));
  assert.deepEqual(readAt(reader, 4096), message(2, 60));
});

test('a message that is read in parts may be two messages', (t) => {
  const [writer, reader] = [openFile(t, file.path), openFile(t, blob, O_RDONLY)];
  write(writer, message(1, 100));
  const first = readAt(reader, 50);
  write(writer, message(2, 100));
  const both = Buffer.concat([first, readAt(reader, 50, 50)]);
  assert.deepEqual(both, Buffer.concat([message(1, 100).subarray(0, 50), message(2, 100).subarray(50)]));
  finding({
    about: 'guarantee',
    mechanism: 'debugfs',
    subject: 'k2u blob',
    loses: 'when full',
    condition: 'one message fits: the next replaces it',
    says: 'a state, read without a lock: it may be parts of two messages',
  });
});

test('a program without privilege does not even get into debugfs, whatever the modes of its files', async (t) => {
  assert.deepEqual(await openedByNobody(t, file.path), ['EACCES', 'EACCES']);
  assert.deepEqual(await openedByNobody(t, blob), ['EACCES', 'EACCES']);
});

test('an open blob does not keep the module: afterwards it answers EIO', (t) => {
  const module = modulePath('debugfs');
  produce('debugfs', 64, 1);
  const reader = openFile(t, blob, O_RDONLY);
  assert.equal(readAt(reader, 64).length, 64);
  unloadModule('debugfs');
  t.after(() => loadModule(module));
  const survivor = attempt('pread64', reader, Buffer.alloc(64), 64, 0);
  assert.equal(survivor, 'EIO');
  finding({
    about: 'death',
    mechanism: 'debugfs',
    subject: 'blob, file open',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'debugfs cuts the open file off and lets the module go',
  });
});

comesAndGoes('debugfs', () => {
  produce('debugfs', 64, 1);
  withFile(file.path, (fd) => assert.equal(readAt(fd, 64).length, 64));
});
