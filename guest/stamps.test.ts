import test from 'ava';
import { columns, type Side, since } from './stamps.ts';

/** [sequence number, start, end] of each message. */
const side = (overhead: bigint, ...stamps: [bigint, bigint, bigint][]): Side => ({
  stamps: BigUint64Array.from(stamps.flat()),
  overhead,
});

test('each side loses the empty window of its own clock, and transit the smaller one', (t) => {
  const sent = side(4n, [7n, 100n, 150n], [8n, 200n, 260n]);
  const received = side(10n, [7n, 160n, 190n], [8n, 270n, 310n]);
  t.deepEqual(columns(sent, received), {
    send: BigUint64Array.of(46n, 56n),
    receive: BigUint64Array.of(20n, 30n),
    transit: BigUint64Array.of(86n, 106n),
    unpaired: [],
  });
});

test('sides are paired by sequence number, not by place', (t) => {
  const sent = side(0n, [1n, 10n, 20n], [2n, 30n, 40n]);
  const received = side(0n, [2n, 45n, 50n], [1n, 55n, 60n]);
  t.deepEqual(columns(sent, received).transit, BigUint64Array.of(50n, 20n));
});

test('a message that only one side knows is named', (t) => {
  const sent = side(0n, [1n, 10n, 20n], [2n, 30n, 40n]);
  const received = side(0n, [2n, 45n, 50n], [3n, 55n, 60n]);
  const { unpaired, transit } = columns(sent, received);
  t.deepEqual(unpaired, [3n, 1n]);
  t.deepEqual(transit, BigUint64Array.of(20n));
});

test('a message that comes twice is an error', (t) => {
  const once = side(0n, [1n, 10n, 20n]);
  const twice = side(0n, [1n, 30n, 40n], [1n, 50n, 60n]);
  t.throws(() => columns(once, twice), { message: 'message 1 was received twice' });
  t.throws(() => columns(twice, once), { message: 'message 1 was sent twice' });
});

test('with several listeners, transit ends with the last of them, whatever their order', (t) => {
  const sent = side(0n, [1n, 10n, 20n], [2n, 100n, 120n]);
  const received = side(0n, [1n, 50n, 60n], [1n, 30n, 40n], [2n, 130n, 140n], [2n, 150n, 160n]);
  t.deepEqual(columns(sent, received, 2), {
    send: BigUint64Array.of(10n, 20n),
    receive: BigUint64Array.of(10n, 10n, 10n, 10n),
    transit: BigUint64Array.of(50n, 60n),
    unpaired: [],
  });
});

test('a message that one of the listeners has not received is lost', (t) => {
  const sent = side(0n, [1n, 10n, 20n], [2n, 100n, 120n]);
  const received = side(0n, [1n, 50n, 60n], [2n, 130n, 140n], [2n, 150n, 160n]);
  const { unpaired, transit } = columns(sent, received, 2);
  t.deepEqual(unpaired, [1n]);
  t.deepEqual(transit, BigUint64Array.of(60n));
});

test('a message that comes more often than there are listeners is an error', (t) => {
  const sent = side(0n, [1n, 10n, 20n]);
  const received = side(0n, [1n, 30n, 40n], [1n, 50n, 60n], [1n, 70n, 80n]);
  t.throws(() => columns(sent, received, 2), { message: 'message 1 was received more than 2 times' });
});

test('one side alone gives its own column and no transit', (t) => {
  t.deepEqual(columns(null, side(4n, [0n, 10n, 20n])), {
    send: null,
    receive: BigUint64Array.of(6n),
    transit: null,
    unpaired: [],
  });
});

test('a window below the overhead is zero, and no precision is lost at the top of 64 bits', (t) => {
  const end = 2n ** 64n - 1n;
  const { send } = columns(side(4n, [0n, 10n, 12n], [1n, end - 1005n, end]), null);
  t.deepEqual(send, BigUint64Array.of(0n, 1001n));
});

test('stamps of the warm-up are left out', (t) => {
  const { stamps } = side(0n, [0n, 1n, 2n], [1n, 3n, 4n], [2n, 5n, 6n]);
  t.deepEqual(since(stamps, 2n), BigUint64Array.of(2n, 5n, 6n));
});

test('a torn record is not taken for a stamp', (t) => {
  const torn: Side = { stamps: BigUint64Array.of(1n, 2n), overhead: 0n };
  t.throws(() => columns(torn, null), { message: /stamps end inside a record/ });
});
