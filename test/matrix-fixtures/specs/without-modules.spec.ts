import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('holds on every kernel', () => {
  assert.match(readFileSync('/proc/version', 'latin1'), /^Linux version \d/);
});
