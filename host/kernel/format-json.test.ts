import test from 'ava';
import { formatJson } from './format-json.ts';

test('objects take a line for each key, lists of words one line as long as they fit', (t) => {
  const text = `{
  "default": "a",
  "long": [
    "${'x'.repeat(60)}",
    "${'y'.repeat(60)}"
  ],
  "mixed": [
    "a",
    {
      "file": "b",
      "versions": ">=6"
    }
  ],
  "kernels": {
    "a": {
      "suites": ["b", "c"],
      "lacks": {},
      "n": 1
    }
  }
}
`;
  t.is(formatJson(JSON.parse(text)), text);
});

test('a key without a value is left out', (t) =>
  t.is(formatJson({ a: undefined, b: 1 }), '{\n  "b": 1\n}\n'));
