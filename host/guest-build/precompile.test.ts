import test from 'ava';
import { precompile } from './precompile.ts';

const script = '(function (require) { const inner = () => require("node:os").EOL; return inner(); })';

test('the same script gives the same code, with its functions compiled', async (t) => {
  const [first, second] = [await precompile(script, '/a.cjs'), await precompile(script, '/a.cjs')];
  t.true(first.length > 0);
  t.deepEqual(first, second);
});

test('a script that does not parse is an error that says so', async (t) => {
  await t.throwsAsync(precompile('(function (', '/a.cjs'), {
    code: 'AGENT_BUILD',
    message: /\/a\.cjs.*SyntaxError/s,
  });
});
