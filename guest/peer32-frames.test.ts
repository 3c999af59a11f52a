import test from 'ava';
import {
  AnswerDecoder,
  arenaBytes,
  encodeCall,
  encodePeek,
  encodePoke,
  takeBuffers,
} from './peer32-frames.ts';

/** The words of a request, and the bytes behind them. */
const parsed = (request: Buffer) => ({
  words: Array.from({ length: 9 }, (_, index) => request.readUInt32LE(4 * index)),
  payload: request.subarray(36),
});

const answer = (result: number, payload: Buffer): Buffer => {
  const header = Buffer.alloc(8);
  header.writeInt32LE(result, 0);
  header.writeUInt32LE(payload.length, 4);
  return Buffer.concat([header, payload]);
};

test('numbers go as words of 32 bits', (t) => {
  const { words, payload } = parsed(encodeCall(192, [-1, 0xffff_ffffn, -(2 ** 31), 7]));
  t.deepEqual(words, [1, 192, 0xffff_ffff, 0xffff_ffff, 0x8000_0000, 7, 0, 0, 0]);
  t.is(payload.length, 0);
});

test('what no register of 32 bits holds is refused', (t) => {
  for (const value of [2 ** 32, -(2 ** 31) - 1, 2n ** 32n, 0.5, Number.NaN])
    t.throws(() => encodeCall(3, [value]), { instanceOf: RangeError, message: /32 bits/ });
  t.throws(() => encodeCall(3, [1, 2, 3, 4, 5, 6, 7]), { instanceOf: RangeError, message: /at most 6/ });
});

test('bytes and strings travel along, each from a multiple of 16', (t) => {
  const { words, payload } = parsed(encodeCall(5, ['/dev/x', 2, Uint16Array.of(0x201)]));
  t.deepEqual(words, [1, 5, 7, 2, 2, 0, 0, 0, 0b101]);
  t.is(payload.length, 32);
  t.is(payload.toString('latin1', 0, 7), '/dev/x\0');
  t.deepEqual([...payload.subarray(16, 18)], [1, 2]);
});

test('views get what the call left, strings stay', (t) => {
  const view = new Uint8Array(16);
  const args = ['text', view.subarray(4, 8), 1] as const;
  takeBuffers(args, Buffer.concat([Buffer.alloc(16, 1), Buffer.from([5, 6, 7, 8]), Buffer.alloc(12)]));
  t.deepEqual([...view], [0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('peek and poke carry address and size', (t) => {
  t.deepEqual(parsed(encodePeek(0xf7f0_0000, 4)).words, [2, 0, 0xf7f0_0000, 4, 0, 0, 0, 0, 0]);
  const { words, payload } = parsed(encodePoke(0x1000, Uint32Array.of(1, 2)));
  t.deepEqual(words, [3, 0, 0x1000, 8, 0, 0, 0, 0, 0]);
  t.is(payload.length, 8);
});

test('more than the arena holds is refused before it is sent', (t) => {
  const whole = Buffer.alloc(arenaBytes);
  t.notThrows(() => encodeCall(4, [1, whole]));
  t.throws(() => encodeCall(4, [1, whole, '']), { instanceOf: RangeError, message: /1048576 bytes/ });
  t.throws(() => encodePeek(0, arenaBytes + 1), { instanceOf: RangeError });
  t.throws(() => encodePoke(0, Buffer.alloc(arenaBytes + 1)), { instanceOf: RangeError });
});

test('answers are found wherever chunks end', (t) => {
  const stream = Buffer.concat([
    answer(-14, Buffer.alloc(0)),
    answer(3, Buffer.from('abcdef')),
    answer(0, Buffer.alloc(0)),
  ]);
  for (let size = 1; size <= stream.length; size++) {
    const decoder = new AnswerDecoder();
    const answers = [];
    for (let at = 0; at < stream.length; at += size)
      answers.push(...decoder.push(stream.subarray(at, at + size)));
    t.deepEqual(
      answers.map(({ result, payload }) => [result, payload.toString()]),
      [
        [-14, ''],
        [3, 'abcdef'],
        [0, ''],
      ],
      `in chunks of ${size}`,
    );
  }
});
