import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { syscall } from 'ringcross/guest';

const count = 64;

const sources: Record<string, () => string | Promise<string>> = {
  'Math.random': () => `${Math.random()}`,
  'crypto.randomBytes': () => randomBytes(16).toString('hex'),
  'crypto.randomBytes on a thread': async () => (await promisify(randomBytes)(16)).toString('hex'),
  'crypto.randomUUID': () => randomUUID(),
  'crypto.getRandomValues': () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
  'getrandom(2)': () => {
    const bytes = new Uint8Array(16);
    assert.equal(syscall('getrandom', bytes, bytes.length, 0), 16n);
    return Buffer.from(bytes).toString('hex');
  },
  'the kernel’s uuid': () => readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim(),
};

for (const [name, draw] of Object.entries(sources))
  test(name, async () => {
    const drawn: string[] = [];
    for (let i = 0; i < count; i++) drawn.push(await draw());
    assert.equal(new Set(drawn).size, count);
    console.log(JSON.stringify(drawn));
  });
