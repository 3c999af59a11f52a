// From what both sides noted of an experiment to what became of each message. Pure.
import { errnoName } from './errno.ts';
import type { AccountReport, LossReport, NoticeReport } from './protocol/messages.ts';
import type { Stamps } from './stamps.ts';

/** What both sides noted; the errors have their errno in the place of a stamp's end. */
export interface Notes {
  /** Messages numbered from 0 that were to be sent. */
  offered: number;
  /** Those the sender's call took, and those it refused: each message is in one of them. */
  sent: Stamps;
  refused: Stamps;
  /** What was delivered, in that order. */
  received: Stamps;
  /** Errors that the receiver was told, in that order; the number is how many messages it had received. */
  noticed: Stamps;
}

export type Tally = Pick<
  AccountReport,
  'offered' | 'received' | 'duplicated' | 'reordered' | 'losses' | 'notices' | 'ticks'
>;

const fields = 3;

/**
 * The fate of each message. A loss is attributed to who is told of it: the sender whose call refused the message, else
 * the receiver if it was told of any error after the message was offered, else nobody.
 * @throws {Error} when a number is not one of those offered, or a message is neither sent nor refused, or both.
 */
export const tally = ({ offered, sent, refused, received, noticed }: Notes): Tally => {
  const start = earliest(sent, refused);
  const since = (tick: bigint): number => Number(tick - start);
  const offeredAt = new Float64Array(offered).fill(Number.NaN);
  const refusal = new Int32Array(offered);
  const numbered = (seq: bigint): number => {
    const index = Number(seq);
    if (index < offered) return index;
    throw new Error(`message ${seq} is none of the ${offered} that were offered`);
  };
  const offer = (seq: bigint, at: bigint): number => {
    const index = numbered(seq);
    if (!Number.isNaN(offeredAt[index])) throw new Error(`message ${seq} was offered twice`);
    offeredAt[index] = since(at);
    return index;
  };
  each(sent, (seq, at) => offer(seq, at));
  each(refused, (seq, at, errno) => {
    refusal[offer(seq, at)] = Number(errno);
  });
  const missing = offeredAt.findIndex((at) => Number.isNaN(at));
  if (missing >= 0)
    throw new Error(`no stamp tells of message ${missing}: does the log hold ${offered} (parameter stamps)?`);

  const times = new Uint32Array(offered);
  let [highest, reordered, end] = [-1, 0, start];
  each(received, (seq, _, last) => {
    const index = numbered(seq);
    times[index] = (times[index] ?? 0) + 1;
    if (index < highest) reordered++;
    highest = Math.max(highest, index);
    end = last;
  });
  const notices: { at: number; error: string }[] = [];
  each(noticed, (_, at, errno) => notices.push({ at: since(at), error: errnoName(Number(errno)) }));

  const losses = lossesOf(times, offeredAt, refusal, notices);
  const firstLoss = losses[0] ? (offeredAt[losses[0].first] ?? 0) : null;
  return {
    offered,
    received: times.reduce((sum, count) => sum + Math.min(count, 1), 0),
    duplicated: times.reduce((sum, count) => sum + Math.max(count - 1, 0), 0),
    reordered,
    losses,
    notices: [...refusals(refusal), ...receiverNotices(notices, firstLoss)],
    ticks: received.length > 0 ? since(end) : null,
  };
};

const each = (stamps: Stamps, use: (seq: bigint, start: bigint, end: bigint) => void): void => {
  for (let at = 0; at < stamps.length; at += fields)
    use(stamps[at] ?? 0n, stamps[at + 1] ?? 0n, stamps[at + 2] ?? 0n);
};

const earliest = (...sides: Stamps[]): bigint => {
  const first = sides.filter(({ length }) => length > 0).map((stamps) => stamps[1] ?? 0n);
  return first.reduce((least, next) => (next < least ? next : least), first[0] ?? 0n);
};

/** Rows of lost messages whose loss the same side is told by the same error. */
const lossesOf = (
  times: Uint32Array,
  offeredAt: Float64Array,
  refusal: Int32Array,
  notices: readonly { at: number; error: string }[],
): LossReport[] => {
  const losses: LossReport[] = [];
  let next = 0;
  for (const [seq, count] of times.entries()) {
    if (count > 0) continue;
    const at = offeredAt[seq] ?? 0;
    // Messages are offered in order, and notices noted in order: what told an earlier loss only goes out of reach.
    while (next < notices.length && (notices[next]?.at ?? 0) < at) next++;
    const errno = refusal[seq] ?? 0;
    const notice = notices[next];
    const told: Pick<LossReport, 'learned' | 'error'> = errno
      ? { learned: 'sender', error: errnoName(errno) }
      : notice
        ? { learned: 'receiver', error: notice.error }
        : { learned: 'nobody', error: null };
    const last = losses.at(-1);
    if (last && last.first + last.count === seq && last.learned === told.learned && last.error === told.error)
      last.count++;
    else losses.push({ first: seq, count: 1, ...told });
  }
  return losses;
};

const refusals = (refusal: Int32Array): NoticeReport[] =>
  countedBy([...refusal.filter((errno) => errno > 0)].map((errno) => errnoName(errno))).map(
    ([error, count]) => ({ who: 'sender', error, count, ticks: null }),
  );

const receiverNotices = (
  notices: readonly { at: number; error: string }[],
  firstLoss: number | null,
): NoticeReport[] =>
  countedBy(notices.map(({ error }) => error)).map(([error, count]) => {
    const after = notices.find((notice) => notice.error === error && notice.at >= (firstLoss ?? Infinity));
    return {
      who: 'receiver',
      error,
      count,
      ticks: after && firstLoss !== null ? after.at - firstLoss : null,
    };
  });

const countedBy = (names: readonly string[]): [name: string, count: number][] => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts];
};
