import test from 'ava';
import { code, fenced } from './markdown-text.ts';

test('a block ends where its text ends, also where that has fences of its own', (t) => {
  t.deepEqual(fenced('one\ntwo\n\n'), ['```text\none\ntwo\n```']);
  t.deepEqual(fenced('```\ncode\n````'), ['`````text\n```\ncode\n````\n`````']);
  t.deepEqual(fenced('\u001b[31mred\u001b[0m'), ['```text\nred\n```']);
});

test('of nothing there is no block', (t) => {
  t.deepEqual([fenced(undefined), fenced(''), fenced(' \n ')], [[], [], []]);
});

test('code in a line keeps its backticks and stays in the line', (t) => {
  t.is(code('a `b` c'), '``a `b` c``');
  t.is(code('`b`'), '`` `b` ``');
  t.is(code('one\ntwo'), '`one two`');
});
