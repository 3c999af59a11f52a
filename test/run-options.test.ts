// What the command line of `run` refuses before anything is looked at.
import test from 'ava';
import { ringcross } from './command.ts';

test('a shard that is none is wrong usage', async (t) => {
  const { exitCode, stderr } = await ringcross(['run', '--shard', '3/2']);
  t.is(exitCode, 2);
  t.regex(stderr, /^ringcross: USAGE: expected a shard such as 1\/3 or 3\/3, but got "3\/2"$/m);
});
