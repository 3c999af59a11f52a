import test from 'ava';
import { oneLine, plainText } from './plain-text.ts';

test('what XML cannot carry is replaced, and what people wrote stays', (t) => {
  t.is(
    plainText('a\0b\u0007c\u001fd\u007fe\u0085f\uFFFEg\uD800h'),
    'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg\uFFFDh',
  );
  t.is(plainText('tab\tline\nπ 😀 <&>'), 'tab\tline\nπ 😀 <&>');
});

test('colours go, and every line ends alike', (t) => {
  t.is(plainText('\u001b[31mred\u001b[39m\r\nnext\rlast'), 'red\nnext\nlast');
});

test('one line is the first that says something', (t) => {
  t.is(oneLine('\n  \n  expected 1\nbut 2'), 'expected 1');
  t.is(oneLine('\n \n'), '');
});
