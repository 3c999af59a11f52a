// Who learns of a message that a full receive buffer does not take: tests that both kinds of netlink declare, as they send
// by the same functions.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { attempt, finding } from 'ringcross/guest';
import { triggered } from './answers.ts';
import { memoryOf, SO_RCVBUF, SOL_NETLINK, setBuffer } from './netlink-socket.ts';

export interface KernelSender {
  mechanism: string;
  /** Makes the kernel send the message of that number, with 1024 bytes. */
  produce: (seq: number) => void;
  /** The number of the next message, or the name of the error. Does not wait. */
  receive: (fd: number) => number | string;
  unicast: {
    subject: string;
    /** A socket to whose port the messages go. */
    open: (t: TestContext) => number;
  };
  multicast: {
    subject: string;
    /** A member of the group that the messages go to. */
    open: (t: TestContext) => number;
  };
}

export const [NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS] = [4, 5];

/** Of a listener's socket, by the names they have in a finding. */
const options: Record<string, number[]> = {
  '': [],
  ', NETLINK_BROADCAST_ERROR': [NETLINK_BROADCAST_ERROR],
  ', NETLINK_NO_ENOBUFS': [NETLINK_NO_ENOBUFS],
  ', NETLINK_BROADCAST_ERROR and NETLINK_NO_ENOBUFS': [NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS],
};

/** Of a receive buffer that holds fewer messages of 1024 bytes than are offered. */
export const bufferBytes = 4096;
export const offered = 12;

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** What is left, and which errors were told, until there is nothing. */
export const readAll = (receive: () => number | string): (number | string)[] => {
  const all: (number | string)[] = [];
  for (let next = receive(); next !== 'EAGAIN'; next = receive()) all.push(next);
  return all;
};

/** What all of them were told. */
export const common = (told: readonly string[]): string => {
  const [first, ...others] = new Set(told);
  assert.ok(first !== undefined);
  assert.deepEqual(others, []);
  return first;
};

interface Loss {
  subject: string;
  open: (t: TestContext) => number;
  options: readonly number[];
  /** Another listener, whose buffer has room for all. */
  another?: (t: TestContext) => number;
  expected: { sender: string; receiver: string };
  /** What the way is called whose guarantee it shows. */
  guarantees: string | null;
}

export const lossNotices = (sender: KernelSender): void => {
  const { mechanism, produce, receive, unicast, multicast } = sender;

  const losing = ({ subject, open, options, another, expected, guarantees }: Loss): void => {
    test(`${subject}: of a message that does not fit the sender learns ${expected.sender}, the receiver ${expected.receiver}`, (t) => {
      const other = another?.(t);
      const fd = open(t);
      setBuffer(fd, SO_RCVBUF, bufferBytes);
      for (const option of options)
        assert.equal(attempt('setsockopt', fd, SOL_NETLINK, option, Uint32Array.of(1), 4), 0);
      produce(0);
      const { held, most } = memoryOf(fd);
      const fit = Math.floor(most / held);
      assert.ok(fit > 1 && fit < offered - 1, `${fit} fit`);

      const told = numbers(1, offered).map((seq) => triggered(() => produce(seq)));
      assert.deepEqual(
        told.slice(0, fit - 1),
        numbers(1, fit).map(() => 'taken'),
      );
      assert.equal(memoryOf(fd).drops, offered - fit, 'the socket counts them');
      const learned = common(told.slice(fit - 1));

      // One is read, so that there is room for one: it is used only where the socket is not waiting to be emptied.
      const first = receive(fd);
      const isTold = typeof first === 'string';
      if (isTold) assert.equal(receive(fd), 0);
      else assert.equal(first, 0, 'an error would come before what is there');
      const isCongested = triggered(() => produce(offered)) !== 'taken' || memoryOf(fd).drops > offered - fit;
      assert.equal(isCongested, isTold);
      assert.deepEqual(
        readAll(() => receive(fd)),
        [...numbers(1, fit), ...(isCongested ? [] : [offered])],
      );
      produce(offered + 1);
      assert.equal(receive(fd), offered + 1, 'an empty socket takes messages again');
      if (other !== undefined)
        assert.deepEqual(
          readAll(() => receive(other)),
          numbers(0, offered + 2),
        );

      const found = {
        sender: learned === 'taken' ? 'nothing' : learned,
        receiver: isTold ? first : 'nothing',
      };
      assert.deepEqual(found, expected);
      finding({
        about: 'loss notice',
        mechanism,
        direction: 'k2u',
        subject,
        ...found,
        says: isCongested ? 'all are lost until the queue is empty' : 'what does not fit is lost, no more',
      });
      if (guarantees !== null)
        finding({
          about: 'guarantee',
          mechanism,
          subject: guarantees,
          loses: 'when full',
          condition: 'the kernel does not wait for room',
          says: `a full receive buffer is ${found.sender} to the sender, ${found.receiver} to the reader; what it has comes whole and in order`,
        });
    });
  };

  for (const [named, set] of Object.entries(options)) {
    const receiver = set.includes(NETLINK_NO_ENOBUFS) ? 'nothing' : 'ENOBUFS';
    // What the receiver asks for, a multicast's sender gets.
    if (!set.includes(NETLINK_BROADCAST_ERROR))
      losing({
        ...unicast,
        subject: `${unicast.subject}${named}`,
        options: set,
        expected: { sender: 'EAGAIN', receiver },
        guarantees: set.length === 0 ? 'k2u unicast' : null,
      });
    for (const [listeners, another, silent] of [
      [', nobody else listens', undefined, 'ESRCH'],
      [', another listener has room', multicast.open, 'nothing'],
    ] as const)
      losing({
        ...multicast,
        subject: `${multicast.subject}${named}${listeners}`,
        options: set,
        ...(another ? { another } : {}),
        expected: { sender: set.includes(NETLINK_BROADCAST_ERROR) ? 'ENOBUFS' : silent, receiver },
        guarantees: set.length === 0 && another ? 'k2u multicast' : null,
      });
  }
};
