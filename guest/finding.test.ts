import { subscribe } from 'node:diagnostics_channel';
import test from 'ava';
import { finding, findingChannel } from './finding.ts';
import type { Finding } from './protocol/messages.ts';

const told: unknown[] = [];
subscribe(findingChannel, (message) => told.push(message));

const limit: Finding = {
  about: 'transfer limit',
  mechanism: 'mqueue',
  subject: 'mq_send',
  says: 'mq_msgsize: EMSGSIZE',
  bytes: 8192,
};

test.serial('a finding is published as it was stated, and again when it is stated again', (t) => {
  finding(limit);
  finding({ ...limit });
  t.deepEqual(told.splice(0), [limit, limit]);
});

test.serial('one that contradicts an earlier one names both and is not published', (t) => {
  finding({ ...limit, mechanism: 'pipe' });
  told.splice(0);
  const { message } = t.throws(() => finding({ ...limit, mechanism: 'pipe', bytes: null })) ?? {};
  t.regex(message ?? '', /contradict: .*"bytes":8192.* and .*"bytes":null/);
  t.deepEqual(told, []);
});

test.serial('subject and direction tell two findings apart', (t) => {
  const sends = {
    about: 'synchrony',
    mechanism: 'fifo',
    direction: 'u2k',
    subject: 'write',
    says: 'the reader still slept',
    returns: 'before',
  } as const;
  finding(sends);
  finding({ ...sends, subject: 'write, O_NONBLOCK', returns: 'after' });
  finding({ ...sends, direction: 'k2u', returns: 'after' });
  t.is(told.splice(0).length, 3);
});

test.serial('size and the dead side tell two findings apart', (t) => {
  const pipe = { mechanism: 'pipe', subject: 'write', direction: 'u2u', says: 'x' } as const;
  const boundary = { about: 'boundary', ...pipe, size: 'empty', bytes: 0, result: 'taken' } as const;
  finding(boundary);
  finding({ ...boundary, size: 'one more', bytes: 65537, result: 'EAGAIN' });
  const death = { about: 'death', ...pipe, of: 'reader', survivor: 'EPIPE' } as const;
  finding(death);
  finding({ ...death, of: 'writer', survivor: 'end of file' });
  t.is(told.splice(0).length, 4);
  t.throws(() => finding({ ...boundary, result: 'EINVAL' }), { message: /contradict/ });
  t.throws(() => finding({ ...death, survivor: 'nothing' }), { message: /contradict/ });
  t.deepEqual(told, []);
});

const refused = (title: string, given: object, message: RegExp) =>
  test.serial(title, (t) => {
    t.throws(() => finding(given as Finding), { instanceOf: TypeError, message });
    t.deepEqual(told, []);
  });

refused('an unknown kind is refused with the known ones', { ...limit, about: 'speed' }, /signalling.*speed/);
refused('a name every object has is no kind', { ...limit, about: 'toString' }, /about one of/);
refused('a limit is a whole number', { ...limit, bytes: 8192n }, /bytes .* whole number .*8192/);
refused('text of two lines is refused', { ...limit, says: 'a\nb' }, /says .* one line/);
refused('a field too many is refused', { ...limit, works: true }, /no field named works/);
refused(
  'an outcome is one of its words',
  { about: 'portability', mechanism: 'x', subject: 'y', says: 'z', outcome: 'refused' },
  /outcome .* works, breaks; not refused/,
);
refused(
  'a boundary has a size of three words',
  { ...limit, about: 'boundary', direction: 'k2u', size: 'small', result: 'taken' },
  /size .* empty, largest, one more; not small/,
);
refused(
  'a guarantee says under which condition',
  { about: 'guarantee', mechanism: 'x', subject: 'k2u', says: 'z', loses: 'never' },
  /condition .* one line/,
);
