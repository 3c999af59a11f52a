import assert from 'node:assert/strict';
import { test } from 'node:test';

test('a test that throws', () => {
  console.log('said before it threw');
  assert.equal(1, 2, 'one is not two');
});
