import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';

const read = (path: string): string => readFileSync(path, 'latin1').trim();

const threads = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/comm`));

test('finds a kernel that nobody has used', () => {
  assert.equal(read('/proc/sys/kernel/tainted'), '0');
  assert.equal(read('/proc/modules'), '');
  assert.ok(!threads().includes('ringcross-left'));
  assert.notEqual(hostname(), 'dirty');
});

test('finds an empty disk', () => {
  assert.ok(!existsSync('/tmp/filler'));
  const { bavail, blocks } = statfsSync('/tmp');
  assert.ok(bavail > blocks * 0.9, `${bavail} of ${blocks} blocks are free`);
});
