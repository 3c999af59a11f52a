import test from 'ava';
import {
  decodeAnswer,
  decodeAttributes,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  messageFlags,
  messageTypes,
  nestedAttribute,
} from './netlink-message.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

test('a message has its header before it and is padded, which its length does not count', (t) => {
  const message = encodeMessage({ type: 0x10, flags: 5, seq: 7, port: 9, payload: Buffer.from('abc') });
  t.is(hex(message), '13000000100005000700000009000000' + '61626300');
});

test('an attribute is padded too; a bigint takes eight bytes and a string has its NUL', (t) => {
  t.is(hex(encodeAttributes([1, 2n])), '0c0001000200000000000000');
  t.is(hex(encodeAttributes([2, 'abcd'])), '09000200' + '6162636400000000');
  t.is(hex(encodeAttributes([3, Buffer.alloc(0)])), '04000300');
});

test('a datagram comes apart into what it was made of', (t) => {
  const payload = encodeAttributes([1, 'one'], [2 | nestedAttribute, encodeAttributes([1, 3n])]);
  const first = { type: 20, flags: 2, seq: 1, port: 4, payload };
  const second = { type: messageTypes.done, flags: 2, seq: 1, port: 4, payload: Buffer.alloc(4) };
  const decoded = decodeMessages(Buffer.concat([encodeMessage(first), encodeMessage(second)]));
  t.deepEqual(decoded, [first, second]);
  const [one, nested] = decodeAttributes(decoded[0]?.payload ?? Buffer.alloc(0));
  t.is(one?.value.toString(), 'one\0');
  t.is(nested?.type, 2);
  t.deepEqual(decodeAttributes(nested?.value ?? Buffer.alloc(0)), [
    { type: 1, value: Buffer.from(BigUint64Array.of(3n).buffer) },
  ]);
});

test('the last one needs no padding', (t) => {
  const message = encodeMessage({ type: 20, flags: 0, payload: Buffer.from('a') });
  t.is(decodeMessages(message.subarray(0, 17)).length, 1);
});

for (const [what, length] of [
  ['shorter than a header', 15],
  ['longer than the datagram', 25],
] as const)
  test(`a message ${what} is refused`, (t) => {
    const message = encodeMessage({ type: 20, flags: 0, payload: Buffer.alloc(8) });
    message.writeUInt32LE(length, 0);
    t.throws(() => decodeMessages(message), { instanceOf: RangeError, message: /16 to 24/ });
  });

test('a rest that is too short for a header is refused', (t) => {
  t.throws(() => decodeAttributes(Buffer.alloc(3)), { instanceOf: RangeError });
});

const request = encodeMessage({ type: 20, flags: 5, seq: 42, payload: Buffer.alloc(5) });
const answer = (error: number, flags: number, ...rest: Buffer[]) => {
  const code = Buffer.alloc(4);
  code.writeInt32LE(error);
  return decodeAnswer({
    type: messageTypes.error,
    flags,
    seq: 42,
    port: 0,
    payload: Buffer.concat([code, ...rest]),
  });
};

test('an acknowledgement is error 0', (t) => {
  t.deepEqual(answer(0, messageFlags.capped, request.subarray(0, 16)), { error: 0, seq: 42, attributes: [] });
});

test('a refusal repeats the request, whole or its header, before its attributes', (t) => {
  const why = encodeAttributes([1, 'why']);
  for (const [flags, repeated] of [
    [messageFlags.ackAttributes, request],
    [messageFlags.ackAttributes | messageFlags.capped, request.subarray(0, 16)],
  ] as const) {
    const { error, seq, attributes } = answer(-22, flags, repeated, why);
    t.deepEqual([error, seq], ['EINVAL', 42]);
    t.deepEqual(attributes, [{ type: 1, value: Buffer.from('why\0') }]);
  }
});

test('any other message is no answer', (t) => {
  const done = { type: messageTypes.done, flags: 0, seq: 0, port: 0, payload: Buffer.alloc(4) };
  t.throws(() => decodeAnswer(done), { instanceOf: TypeError });
});
