import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { isolated } from 'ringcross/guest';

const trace = '/tmp/trace';

test('one that leaves a trace', () => writeFileSync(trace, ''));

suite('with a kernel of its own', () => {
  test('one that is isolated', isolated, async (t) => {
    assert.ok(!existsSync(trace));
    writeFileSync(trace, '');
    await t.test('a part of it', () => assert.ok(existsSync(trace)));
  });
  test('one that is isolated too', isolated, () => assert.ok(!existsSync(trace)));
});

test('one that finds the trace', () => assert.ok(existsSync(trace)));
