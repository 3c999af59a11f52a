import { homedir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { cacheRoot } from './cache.ts';

test('the cache stands below XDG_CACHE_HOME', (t) => {
  t.is(cacheRoot({ XDG_CACHE_HOME: '/var/tmp/x' }), '/var/tmp/x/ringcross');
});

for (const [title, env] of [
  ['unset', {}],
  ['empty', { XDG_CACHE_HOME: '' }],
  ['relative', { XDG_CACHE_HOME: 'here' }],
] as const) {
  test(`an XDG_CACHE_HOME that is ${title} means ~/.cache`, (t) => {
    t.is(cacheRoot(env), join(homedir(), '.cache', 'ringcross'));
  });
}
