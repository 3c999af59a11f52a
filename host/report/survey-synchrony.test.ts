import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import { synchronyTable } from './survey-synchrony.ts';

const sees = (
  direction: 'u2k' | 'k2u',
  mechanism: string,
  subject: string,
  returns: 'before' | 'after',
): Finding => ({ about: 'synchrony', mechanism, direction, subject, says: `${subject} seen`, returns });

test('every claim of the survey has a row though nothing is measured', (t) => {
  t.deepEqual(synchronyTable('k2u', { findings: [] }).rows, [
    ['vfs_write()', '—', 'synchronous', '—', '—'],
    ['nlmsg_unicast()', '—', 'asynchronous', '—', '—'],
  ]);
});

test('a call stands in the place of the claim about it, and one that the survey leaves out behind', (t) => {
  const { rows } = synchronyTable('k2u', {
    findings: [
      sees('k2u', 'relay', 'relay_write', 'before'),
      sees('k2u', 'pipefs', 'kernel_write', 'before'),
      sees('u2k', 'chardev', 'write', 'after'),
    ],
  });
  t.deepEqual(rows, [
    ['kernel_write', 'pipefs', 'synchronous', 'asynchronous', 'kernel_write seen'],
    ['nlmsg_unicast()', '—', 'asynchronous', '—', '—'],
    ['relay_write', 'relay', 'does not say', 'asynchronous', 'relay_write seen'],
  ]);
});

test('a call that does not wait is another one; every mechanism of a call has its row', (t) => {
  const { rows } = synchronyTable('u2k', {
    findings: [
      sees('u2k', 'chardev', 'write', 'after'),
      sees('u2k', 'fifo', 'write', 'before'),
      sees('u2k', 'chardev', 'write, O_NONBLOCK', 'after'),
      sees('u2k', 'netlink', 'sendto, MSG_DONTWAIT', 'after'),
      sees('u2k', 'netlink', 'sendto', 'after'),
    ],
  });
  t.deepEqual(
    rows.map((row) => row.slice(0, 4)),
    [
      ['ioctl', '—', 'synchronous', '—'],
      ['write', 'chardev', 'synchronous', 'synchronous'],
      ['write', 'fifo', 'synchronous', 'asynchronous'],
      ['write, O_NONBLOCK', 'chardev', 'asynchronous', 'synchronous'],
      ['sendto, MSG_DONTWAIT', 'netlink', 'asynchronous', 'synchronous'],
      ['sendto', 'netlink', 'does not say', 'synchronous'],
    ],
  );
});
