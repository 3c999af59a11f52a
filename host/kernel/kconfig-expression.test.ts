import test from 'ava';
import { evaluate, parseExpression, type Truth, unmetParts } from './kconfig-expression.ts';

const config = new Map([
  ['NET', 'y'],
  ['BT', 'm'],
  ['NR', '8'],
  ['64BIT', 'y'],
  ['NAME', '"x86"'],
]);

const truths: Record<string, Truth> = {
  NET: 'y',
  BT: 'm',
  OFF: 'n',
  '!OFF': 'y',
  '!BT': 'm',
  'NET && BT': 'm',
  'OFF || BT': 'm',
  'OFF && NET || NET': 'y',
  'OFF && (NET || NET)': 'n',
  '!(NET && OFF)': 'y',
  'BT=m': 'y',
  'OFF=n': 'y',
  'NET!=y': 'n',
  'NR > 4 && NR<=8': 'y',
  'NAME = "x86"': 'y',
  '64BIT': 'y',
  '$(cc-option,-mfoo)': 'unknown',
  '$(success,test -n "$(CC)") || NET': 'y',
  '$(cc-option,-mfoo) && OFF': 'n',
  '!$(cc-option,-mfoo)': 'unknown',
  'NET &&': 'unknown',
  'NET ? y : n': 'unknown',
};

for (const [text, truth] of Object.entries(truths)) {
  test(`${text} is ${truth}`, (t) => t.is(evaluate(parseExpression(text), config), truth));
}

const unmet: Record<string, string[]> = {
  NET: [],
  OFF: ['OFF (is not set)'],
  'NET && OFF && OFF2': ['OFF (is not set)', 'OFF2 (is not set)'],
  'NET && (OFF || OFF2)': ['OFF || OFF2 (OFF is not set, OFF2 is not set)'],
  '!NET': ['!NET (NET is y)'],
  '!(NET || OFF)': ['!(NET || OFF) (NET is y, OFF is not set)'],
  'NR < 4': ['NR < 4 (NR is 8)'],
  '$(cc-option,-mfoo)': [],
};

for (const [text, parts] of Object.entries(unmet)) {
  test(`what ${text} lacks`, (t) => t.deepEqual(unmetParts(parseExpression(text), config), parts));
}
