import test from 'ava';
import { tally } from './tally.ts';

const [EAGAIN, ENOBUFS] = [11n, 105n];

const stamps = (...rows: (readonly [seq: number, start: number, end: number | bigint])[]): BigUint64Array =>
  BigUint64Array.from(rows.flat().map(BigInt));

const none = stamps();

/** Message n is offered at tick 100 n and sent in 10; received 50 later, in 10. */
const sent = (...seqs: number[]) => stamps(...seqs.map((seq) => [seq, 100 * seq, 100 * seq + 10] as const));
const received = (...seqs: number[]) =>
  stamps(...seqs.map((seq) => [seq, 100 * seq + 50, 100 * seq + 60] as const));

test('what arrives is received, and the time goes from the first sending to the last receiving', (t) => {
  t.deepEqual(
    tally({ offered: 3, sent: sent(0, 1, 2), refused: none, received: received(0, 1, 2), noticed: none }),
    { offered: 3, received: 3, duplicated: 0, reordered: 0, losses: [], notices: [], ticks: 260 },
  );
});

test('a refused message is the sender’s loss; losses of one kind in a row are one', (t) => {
  const {
    received: count,
    losses,
    notices,
  } = tally({
    offered: 5,
    sent: sent(0, 4),
    refused: stamps([1, 100, EAGAIN], [2, 200, EAGAIN], [3, 300, ENOBUFS]),
    received: received(0, 4),
    noticed: none,
  });
  t.is(count, 2);
  t.deepEqual(losses, [
    { first: 1, count: 2, learned: 'sender', error: 'EAGAIN' },
    { first: 3, count: 1, learned: 'sender', error: 'ENOBUFS' },
  ]);
  t.deepEqual(notices, [
    { who: 'sender', error: 'EAGAIN', count: 2, ticks: null },
    { who: 'sender', error: 'ENOBUFS', count: 1, ticks: null },
  ]);
});

test('an error of the receiver tells what was lost before it, and nothing that was lost later', (t) => {
  const { losses, notices } = tally({
    offered: 6,
    sent: sent(0, 1, 2, 3, 4, 5),
    refused: none,
    received: received(0, 3),
    noticed: stamps([1, 250, ENOBUFS]),
  });
  t.deepEqual(losses, [
    { first: 1, count: 2, learned: 'receiver', error: 'ENOBUFS' },
    { first: 4, count: 2, learned: 'nobody', error: null },
  ]);
  t.deepEqual(notices, [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: 150 }]);
});

test('an error before any loss is a notice of none', (t) => {
  const { losses, notices } = tally({
    offered: 2,
    sent: sent(0, 1),
    refused: none,
    received: received(0, 1),
    noticed: stamps([0, 40, ENOBUFS]),
  });
  t.deepEqual(losses, []);
  t.deepEqual(notices, [{ who: 'receiver', error: 'ENOBUFS', count: 1, ticks: null }]);
});

test('what comes twice and what comes late are counted, and no message counts as two', (t) => {
  const {
    received: count,
    duplicated,
    reordered,
    losses,
  } = tally({
    offered: 3,
    sent: sent(0, 1, 2),
    refused: none,
    received: received(0, 2, 1, 1),
    noticed: none,
  });
  t.deepEqual([count, duplicated, reordered, losses], [3, 1, 2, []]);
});

test('nothing received has taken no time', (t) => {
  const {
    received: count,
    ticks,
    losses,
  } = tally({
    offered: 1,
    sent: sent(0),
    refused: none,
    received: none,
    noticed: none,
  });
  t.deepEqual([count, ticks], [0, null]);
  t.deepEqual(losses, [{ first: 0, count: 1, learned: 'nobody', error: null }]);
});

test('stamps that cannot be right are refused', (t) => {
  const base = { offered: 2, sent: sent(0, 1), refused: none, received: received(0, 1), noticed: none };
  t.throws(() => tally({ ...base, received: received(0, 2) }), { message: /message 2 is none of the 2/ });
  t.throws(() => tally({ ...base, sent: sent(0, 0) }), { message: /message 0 was offered twice/ });
  t.throws(() => tally({ ...base, refused: stamps([1, 100, EAGAIN]) }), {
    message: /message 1 was offered twice/,
  });
  t.throws(() => tally({ ...base, sent: sent(0) }), { message: /no stamp tells of message 1/ });
});
