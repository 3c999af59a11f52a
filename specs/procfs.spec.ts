// A file of procfs behind a seq_file: /proc/ringcross-procfs of kmod/procfs. It holds one message, the last one.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import {
  attempt,
  comesAndGoes,
  finding,
  measure,
  type Needs,
  poll,
  pollAsync,
  sizes,
  untilBlocked,
} from 'ringcross/guest';
import { unloading } from './answers.ts';
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
import {
  keepsItsModule,
  keepsToItsSize,
  outlivesPollers,
  outlivesPrograms,
  promises,
} from './message-file-reliability.ts';

export const needs = {
  config: ['CONFIG_PROC_FS', 'CONFIG_IA32_EMULATION'],
  modules: ['procfs'],
} satisfies Needs;

// The user's write against the kernel's copy out of user space; the kernel stamps its side.
measure({ mechanism: 'procfs', direction: 'u2k', variant: 'write', sizes, kernel: 'procfs' });

// The kernel stores a message, then a read finds it: seq_file copies it into a buffer of its own first. The buffer
// grows with the first large message of an open file and stays, so no window holds that.
measure({ mechanism: 'procfs', direction: 'k2u', variant: 'read', sizes, kernel: 'procfs' });

// The same with a reader that waits in poll: until it is back from there; its read is not in the figure.
measure({ mechanism: 'procfs', direction: 'k2u', variant: 'poll', sizes, kernel: 'procfs' });

const file = { mechanism: 'procfs', path: '/proc/ringcross-procfs', told: true };

holdsOneMessage(file);
keepsToItsSize(file);
promises(file);
outlivesPrograms(file);
outlivesPollers(file);
keepsItsModule(file);
wakesPollers(file, 'woken, POLLPRI | POLLERR, by a poll method of the module');
startsAnew(file);

test('procfs lends a poll method to a file that has none: it always answers at once', (t) => {
  assert.deepEqual(poll(openFile(t, '/proc/uptime', 0), ['in', 'out', 'pri']), ['in', 'out']);
});

test('a write has no offset: seq_file takes pwrite away', (t) => {
  const fd = openFile(t, file.path);
  assert.equal(attempt('pwrite64', fd, message(1, 8), 8, 0), 'ESPIPE');
});

test('a program without privilege may read and not write', async (t) => {
  assert.deepEqual(await openedByNobody(t, file.path), [3, 'EACCES']);
});

test('the module cannot be unloaded while a reader waits in poll, who then gets the next message', async (t) => {
  const fd = openFile(t, file.path, constants.O_RDONLY);
  readAt(fd, 64);
  const waiting = pollAsync(fd, ['pri'], 10_000);
  await untilBlocked('poll');
  const survivor = unloading('procfs');
  assert.equal(survivor, 'refused: EAGAIN');
  produce('procfs', 64, 8);
  assert.deepEqual(await waiting, ['pri', 'err']);
  assert.equal(readAt(fd, 64).readBigUInt64LE(), 8n);
  finding({
    about: 'death',
    mechanism: 'procfs',
    subject: 'blocked in poll',
    direction: 'k2u',
    of: 'module',
    survivor,
    says: 'its open method takes a reference to the module, which procfs does not',
  });
});

comesAndGoes('procfs', () => {
  produce('procfs', 64, 1);
  withFile(file.path, (fd) => assert.equal(readAt(fd, 64).length, 64));
});
