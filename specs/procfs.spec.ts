// A file of procfs behind a seq_file: /proc/ringcross-procfs of kmod/procfs. It holds one message, the last one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attempt,
  comesAndGoes,
  measure,
  moduleLoaded,
  type Needs,
  poll,
  sizes,
  unloadModule,
} from 'ringcross/guest';
import {
  holdsOneMessage,
  message,
  openedByNobody,
  openFile,
  produce,
  readAt,
  startsAnew,
  wakesPollers,
  withFile,
} from './message-file.ts';

export const needs = { config: ['CONFIG_PROC_FS'], modules: ['procfs'] } satisfies Needs;

// The user's write against the kernel's copy out of user space; the kernel stamps its side.
measure({ mechanism: 'procfs', direction: 'u2k', variant: 'write', sizes, kernel: 'procfs' });

// The kernel stores a message, then a read finds it: seq_file copies it into a buffer of its own first. The buffer
// grows with the first large message of an open file and stays, so no window holds that.
measure({ mechanism: 'procfs', direction: 'k2u', variant: 'read', sizes, kernel: 'procfs' });

// The same with a reader that waits in poll: until it is back from there; its read is not in the figure.
measure({ mechanism: 'procfs', direction: 'k2u', variant: 'poll', sizes, kernel: 'procfs' });

const file = { mechanism: 'procfs', path: '/proc/ringcross-procfs' };

holdsOneMessage(file);
wakesPollers(file, 'woken, POLLPRI | POLLERR, by a poll method of the module');
startsAnew(file);

test('procfs lends a poll method to a file that has none: it always answers at once', (t) => {
  assert.deepEqual(poll(openFile(t, '/proc/uptime', 0), ['in', 'out', 'pri']), ['in', 'out']);
});

test('a write has no offset: seq_file takes pwrite away', (t) => {
  const fd = openFile(t, file.path);
  assert.equal(attempt('pwrite64', fd, message(1, 8), 8, 0), 'ESPIPE');
});

test('an empty write is a message without room for its number', (t) => {
  assert.equal(attempt('write', openFile(t, file.path), Buffer.alloc(1), 0), 'EINVAL');
});

test('a program without privilege may read and not write', async (t) => {
  assert.deepEqual(await openedByNobody(t, file.path), [3, 'EACCES']);
});

test('the module cannot be unloaded while its file is open', (t) => {
  openFile(t, file.path);
  assert.throws(() => unloadModule('procfs'), { code: 'EAGAIN', syscall: 'delete_module' });
  assert.ok(moduleLoaded('procfs'));
});

comesAndGoes('procfs', () => {
  produce('procfs', 64, 1);
  withFile(file.path, (fd) => assert.equal(readAt(fd, 64).length, 64));
});
