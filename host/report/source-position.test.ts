import test from 'ava';
import { sourcePosition } from './source-position.ts';

const error = (stack: string, cause?: { name: string; message: string; stack: string }) => ({
  name: 'Error',
  message: 'no',
  stack,
  ...(cause && { cause }),
});

test('a position of a spec comes before that of the helper it called', (t) => {
  const stack = [
    'AssertionError: no',
    '    at expectEqual (specs/helper.ts:5:10)',
    '    at TestContext.<anonymous> (specs/fails.spec.ts:14:3)',
    '    at Test.runInAsyncScope (node:async_hooks:214:14)',
    '    at async Suite.run (specs/other.spec.ts:1:1)',
  ].join('\n');
  t.deepEqual(sourcePosition(error(stack)), { file: 'specs/fails.spec.ts', line: 14, column: 3 });
});

test('a frame without a function, or of another file of the project, is one too', (t) => {
  t.deepEqual(sourcePosition(error('Error: no\n    at specs/a.spec.ts:7:1')), {
    file: 'specs/a.spec.ts',
    line: 7,
    column: 1,
  });
  t.deepEqual(sourcePosition(error('Error: no\n    at async read (specs/message-file.ts:9:2)')), {
    file: 'specs/message-file.ts',
    line: 9,
    column: 2,
  });
});

test('the cause is asked where the error has no position', (t) => {
  const cause = { name: 'Error', message: 'why', stack: 'Error: why\n    at go (specs/a.spec.ts:3:4)' };
  t.deepEqual(sourcePosition(error('Error: no\n    at node:internal/x:1:2', cause))?.line, 3);
});

test('what lies outside the project, and what only looks like a frame, is none', (t) => {
  for (const stack of [
    'Error: no\n    at run (file:///opt/agent.mjs:1:2)\n    at run (/opt/agent.ts:1:2)',
    'Error: no\n    at run (../other/specs/a.spec.ts:1:2)',
    'Error: expected the list at specs/a.spec.ts:1:2',
    '',
  ])
    t.is(sourcePosition(error(stack)), null);
  t.is(sourcePosition(undefined), null);
});
