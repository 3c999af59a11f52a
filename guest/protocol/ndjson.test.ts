import test from 'ava';
import { encodeLine, LineDecoder } from './ndjson.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('a message survives being cut at every byte, inside a character too', (t) => {
  const message = { type: 'output', text: 'zürich\n' };
  const line = bytes(encodeLine(message));
  for (let cut = 0; cut <= line.length; cut++) {
    const decoder = new LineDecoder();
    const out = [...decoder.push(line.subarray(0, cut)), ...decoder.push(line.subarray(cut))];
    t.deepEqual(out, [{ ok: true, message }]);
  }
});

test('several messages in one chunk come out in order', (t) => {
  const decoder = new LineDecoder();
  const out = decoder.push(bytes('{"type":"a"}\n{"type":"b"}\n{"ty'));
  t.deepEqual(
    out.map((d) => d.ok && d.message.type),
    ['a', 'b'],
  );
  t.is(decoder.rest(), '{"ty');
});

test('what is no message is handed out with its text', (t) => {
  const decoder = new LineDecoder();
  t.deepEqual(decoder.push(bytes('Segmentation fault\n{"x":1}\n')), [
    { ok: false, text: 'Segmentation fault', reason: 'not JSON' },
    { ok: false, text: '{"x":1}', reason: 'not an object with a type' },
  ]);
});
