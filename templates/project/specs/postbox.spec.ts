// /dev/postbox of kmod/postbox: a bounded queue of whole messages.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import { attempt, comesAndGoes, measure, type Needs, poll, reload } from 'ringcross/guest';

// The host reads this before anything boots: where a need is not met, the spec is skipped with the reason.
export const needs = { modules: ['postbox'] } satisfies Needs;

const device = '/dev/postbox';
const capacity = 16;
const largest = 4096;
const sizes = [8, 64, 1024, largest];
const { O_NONBLOCK, O_RDWR } = constants;

// What a write and a read of each size cost, through the bench that ringcross has for any file of messages.
measure({ mechanism: 'postbox', by: 'file', path: device, direction: 'u2k', variant: 'write', sizes });
measure({ mechanism: 'postbox', by: 'file', path: device, direction: 'k2u', variant: 'read', sizes });

/** Opens the device for `use`, and leaves it empty and closed: while it is open, the module cannot be unloaded. */
const withDevice = (use: (fd: number) => void): void => {
  const fd = attempt('open', device, O_RDWR | O_NONBLOCK);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  try {
    use(fd);
  } finally {
    while (typeof attempt('read', fd, Buffer.alloc(largest), largest) === 'number');
    assert.equal(attempt('close', fd), 0);
  }
};

// Raw system calls: what they give is the kernel's own result, or the name of its error.
const write = (fd: number, text: string): number | string => attempt('write', fd, text, text.length);

const read = (fd: number, room = largest): string => {
  const buffer = Buffer.alloc(room);
  const result = attempt('read', fd, buffer, room);
  return typeof result === 'number' ? buffer.toString('latin1', 0, result) : result;
};

test('messages come out whole, in the order in which they went in', () =>
  withDevice((fd) => {
    for (const text of ['first', 'the second one', '3']) assert.equal(write(fd, text), text.length);
    assert.deepEqual([read(fd), read(fd), read(fd)], ['first', 'the second one', '3']);
  }));

test('an empty box answers EAGAIN to a reader that will not wait, a full one to a writer', () =>
  withDevice((fd) => {
    assert.equal(read(fd), 'EAGAIN');
    assert.deepEqual(poll(fd), ['out']);
    for (let sent = 0; sent < capacity; sent++) assert.equal(write(fd, `${sent}`), `${sent}`.length);
    assert.equal(write(fd, 'one too many'), 'EAGAIN');
    assert.deepEqual(poll(fd), ['in']);
    for (let sent = 0; sent < capacity; sent++) assert.equal(read(fd), `${sent}`);
  }));

test('a message that is too large, empty or not readable is refused, and nothing of it stays', () =>
  withDevice((fd) => {
    assert.equal(attempt('write', fd, Buffer.alloc(largest + 1), largest + 1), 'EMSGSIZE');
    assert.equal(attempt('write', fd, Buffer.alloc(1), 0), 'EINVAL');
    assert.equal(attempt('write', fd, 0n, 8), 'EFAULT');
    assert.equal(read(fd), 'EAGAIN');
  }));

test('a message stays when it does not fit into the reader’s buffer', () =>
  withDevice((fd) => {
    assert.equal(write(fd, 'longer than four'), 16);
    assert.equal(read(fd, 4), 'EMSGSIZE');
    assert.equal(attempt('read', fd, 0n, largest), 'EFAULT');
    assert.equal(read(fd), 'longer than four');
  }));

test('a parameter sets how many messages fit', (t) => {
  reload(t, 'postbox', 'capacity=2');
  withDevice((fd) => assert.deepEqual([write(fd, 'a'), write(fd, 'b'), write(fd, 'c')], [1, 1, 'EAGAIN']));
});

// Ten times unloaded and loaded, each time used: no memory stays behind, and the kernel says nothing.
comesAndGoes('postbox', () => withDevice((fd) => assert.equal(write(fd, 'a message'), 9)));
