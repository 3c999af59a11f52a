// What every mechanism does under load: messages offered at a fixed rate, whatever becomes of them, against rooms of four
// sizes. Declares the tests; a spec says only how it sends and how it makes the room.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AccountReport, account, type Experiment, openLoop, tickUnit } from 'ringcross/guest';

/** What a message takes its receiver: four steps of its time, see guest/native/open-loop.c. */
const serviceNs = 160_000;

/** From one message to the next, in whole steps: from half of what the receiver can do to twice as much, and at once. */
const periods = [320_000, 240_000, 200_000, 160_000, 120_000, 80_000, 0];

/** More than the largest room holds, so that a sender which is twice too fast fills it. */
const messages = 200;

/** The room between both sides. */
export interface Room extends NonNullable<AccountReport['buffer']> {
  /** Makes it, where the bench does not: reloads a module. Undone when the test ends. */
  make?: (t: TestContext) => void;
  /** Tells the bench to make it. */
  bench?: number;
}

/** Who is told of a loss, and by which error. */
type Told = Pick<AccountReport['losses'][number], 'learned' | 'error'>;

export interface Curve extends Pick<Experiment, 'mechanism' | 'direction' | 'bench' | 'kernel'> {
  /** What the account and the titles call it. */
  variant: string;
  bytes: number;
  rooms: readonly Room[];
  /** Each is told in one of these ways. */
  told: readonly Told[];
}

/** One test a room, in which every rate is tried. */
export const offeredLoad = ({ rooms, told, ...given }: Curve): void => {
  for (const room of rooms) {
    const { size, unit, capacity } = room;
    const name = `${size} ${unit === 'bytes' ? 'B' : 'messages'}`;
    test(`${given.direction} ${given.variant}, a room of ${name}: each message is accounted for at seven loads`, async (t) => {
      room.make?.(t);
      const found: AccountReport[] = [];
      for (const periodNs of periods) {
        const one = await openLoop({
          ...given,
          messages,
          periodNs,
          serviceNs,
          buffer: { size, unit, capacity },
          ...(room.bench === undefined ? {} : { room: room.bench }),
        });
        const { corrupted, duplicated, reordered } = one;
        assert.deepEqual({ corrupted, duplicated, reordered }, { corrupted: 0, duplicated: 0, reordered: 0 });
        for (const { learned, error } of one.losses)
          assert.ok(
            told.some((way) => way.learned === learned && way.error === error),
            `${learned} is told by ${error}`,
          );
        found.push(one);
      }
      // Elsewhere time is the host's, which may let a receiver sleep for as long as it likes.
      if (tickUnit() === 'instructions') check(found, capacity);
      for (const one of found) account(one);
    });
  }
};

/** What an exact clock shows of one room: by load, the last of which is flat out. */
const check = (found: readonly AccountReport[], capacity: number | null): void => {
  const lost = found.map(({ offered, received }) => offered - received);
  const beyond = lost.slice(periods.findIndex((period) => period < serviceNs));
  assert.equal(lost[0], 0, `half of what the receiver can do is not too much: ${lost}`);
  assert.deepEqual(
    beyond,
    beyond.toSorted((a, b) => a - b),
    'beyond what the receiver can do a higher load loses no less',
  );
  assert.ok((beyond.at(-1) ?? 0) > 0, 'flat out more is offered than the room holds');
  if (capacity !== null) assert.equal(found.at(-1)?.received, capacity, 'flat out just what fits arrives');
};
