// What the kernel is told when the reader of its messages is killed: tests that both kinds of netlink declare.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { finding, type Peer32, startPeer32 } from 'ringcross/guest';
import { triggered } from './answers.ts';

export interface MortalReaders {
  mechanism: string;
  /** Makes the kernel send a message, "BYTES SEQ". */
  produce: (order: string) => void;
  /** The number of the next message, which is there. */
  receiveTheirs: (peer: Peer32, fd: number) => Promise<bigint>;
  ways: {
    /** The kernel's call. */
    sender: string;
    /** Opens the peer's socket that the messages go to. */
    subscribe: (peer: Peer32) => Promise<number>;
    /** What the call answers when nobody is there. */
    gone: string;
  }[];
}

export const readerDeaths = ({ mechanism, produce, receiveTheirs, ways }: MortalReaders): void => {
  const start = async (t: TestContext): Promise<Peer32> => {
    const peer = await startPeer32();
    t.after(() => peer.stop());
    return peer;
  };

  for (const { sender, subscribe, gone } of ways) {
    const died = (doing: string, survivor: string, says: string) =>
      finding({
        about: 'death',
        mechanism,
        direction: 'k2u',
        of: 'reader',
        subject: `${doing}; ${sender}`,
        survivor,
        says,
      });

    test(`a reader that is killed while it waits is ${gone} to the next ${sender}`, async (t) => {
      const peer = await start(t);
      const fd = await subscribe(peer);
      produce('8 1');
      assert.equal(await receiveTheirs(peer, fd), 1n);
      await peer.killIn('recvfrom', fd, Buffer.alloc(64), 64, 0, 0, 0);
      const told = triggered(() => produce('8 2'));
      assert.equal(told, gone);
      died('blocked in recvfrom', told, 'told at the next message');
    });

    test(`a reader that is killed takes along what it has not read; ${sender} learns only that it is gone`, async (t) => {
      const peer = await start(t);
      const fd = await subscribe(peer);
      const taken = [1, 2, 3].map((seq) => triggered(() => produce(`8 ${seq}`)));
      assert.deepEqual(taken, ['taken', 'taken', 'taken']);
      assert.equal(await receiveTheirs(peer, fd), 1n);
      await peer.stop();
      const told = triggered(() => produce('8 4'));
      assert.equal(told, gone);
      died(
        'messages unread',
        told,
        `told at the next message; ${taken.length - 1} that were taken are gone, untold`,
      );
    });
  }
};
