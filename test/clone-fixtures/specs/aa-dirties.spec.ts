import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import type { Needs } from 'ringcross/guest';

export const needs = { modules: ['dirty'] } satisfies Needs;

test('taints its kernel, leaves a thread, a name, and no room on the disk', () => {
  assert.notEqual(readFileSync('/proc/sys/kernel/tainted', 'latin1').trim(), '0');
  writeFileSync('/proc/sys/kernel/hostname', 'dirty');
  const fd = openSync('/tmp/filler', 'w');
  const block = Buffer.alloc(1024 * 1024, 1);
  assert.throws(
    () => {
      for (;;) writeSync(fd, block);
    },
    { code: 'ENOSPC' },
  );
  closeSync(fd);
});
