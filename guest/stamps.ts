// From stamps of two sides to columns of ticks. Pure.

/** Sequence number, start and end, message after message: what the addon and the modules hand out. */
export type Stamps = BigUint64Array;

const fields = 3;

/** The stamps of one side, with the empty window of the clock that took them. */
export interface Side {
  stamps: Stamps;
  overhead: bigint;
}

export interface Columns {
  send: BigUint64Array | null;
  receive: BigUint64Array | null;
  transit: BigUint64Array | null;
  /** Messages sent of which no stamp tells the receiving, and the other way round. */
  unpaired: bigint[];
}

/** Stamps of the messages from `first` on: a log also holds those of the warm-up. */
export const since = (stamps: Stamps, first: bigint): Stamps => {
  const kept: bigint[] = [];
  for (let at = 0; at < stamps.length; at += fields) {
    if (seqAt(stamps, at) >= first) kept.push(...stamps.subarray(at, at + fields));
  }
  return BigUint64Array.from(kept);
};

/**
 * Columns of a case, in the order of sending. `send` and `receive` are each window less the empty window of its own
 * clock; `transit` is start of send to end of receive, with several `listeners` to the end of the last one's, less the
 * smaller of the two, and only where both sides have stamps. Never below zero.
 * @throws {Error} when a sequence number comes twice on the sending side, or more often than there are listeners.
 */
export const columns = (sent: Side | null, received: Side | null, listeners = 1): Columns => {
  const send = sent && windows(sent);
  const receive = received && windows(received);
  if (!sent || !received) return { send, receive, transit: null, unpaired: [] };

  const ends = bySequence(received.stamps, 'received', listeners);
  const starts = bySequence(sent.stamps, 'sent', 1);
  const overhead = smaller(sent.overhead, received.overhead);
  const transit: bigint[] = [];
  const unpaired = [...ends.keys()].filter((seq) => !starts.has(seq));
  for (const [seq, [sentAt = 0]] of starts) {
    const receivedAt = ends.get(seq);
    if (receivedAt?.length !== listeners) unpaired.push(seq);
    else transit.push(net(lastEnd(received.stamps, receivedAt) - startAt(sent.stamps, sentAt), overhead));
  }
  return { send, receive, transit: BigUint64Array.from(transit), unpaired };
};

const windows = ({ stamps, overhead }: Side): BigUint64Array => {
  const ticks = new BigUint64Array(stamps.length / fields);
  for (let at = 0; at < stamps.length; at += fields) {
    ticks[at / fields] = net(endAt(stamps, at) - startAt(stamps, at), overhead);
  }
  return ticks;
};

// Math.min takes no bigint.
const smaller = (a: bigint, b: bigint): bigint =>
  [a, b].reduce((least, next) => (next < least ? next : least));

const net = (ticks: bigint, overhead: bigint): bigint => (ticks > overhead ? ticks - overhead : 0n);

const bySequence = (stamps: Stamps, side: string, most: number): Map<bigint, number[]> => {
  const index = new Map<bigint, number[]>();
  for (let at = 0; at < stamps.length; at += fields) {
    const seq = seqAt(stamps, at);
    const before = index.get(seq) ?? [];
    if (before.length === most)
      throw new Error(`message ${seq} was ${side} ${most === 1 ? 'twice' : `more than ${most} times`}`);
    index.set(seq, [...before, at]);
  }
  return index;
};

const lastEnd = (stamps: Stamps, at: readonly number[]): bigint =>
  at.map((one) => endAt(stamps, one)).reduce((latest, next) => (next > latest ? next : latest), 0n);

const at = (stamps: Stamps, index: number): bigint => {
  const value = stamps[index];
  if (value === undefined)
    throw new Error(`bug: stamps end inside a record, at ${index} of ${stamps.length}`);
  return value;
};
const seqAt = (stamps: Stamps, index: number): bigint => at(stamps, index);
const startAt = (stamps: Stamps, index: number): bigint => at(stamps, index + 1);
const endAt = (stamps: Stamps, index: number): bigint => at(stamps, index + 2);
