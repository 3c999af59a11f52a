// All that a guest says, on its port and its console, and its end: answers to those who asked, the rest as events.
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorData, GuestMessage } from '../guest/protocol/messages.ts';
import { LineDecoder } from '../guest/protocol/ndjson.ts';
import { ConsoleWatcher, evidence, type Incident } from './console.ts';
import { RingcrossError } from './errors.ts';
import type { QemuExit, QemuProcess } from './qemu-process.ts';

/** What happens in a guest, in the order in which the host learns of it. */
export type VmEvent =
  | { kind: 'message'; message: GuestMessage }
  /** A line on the protocol port that is no message of ours. */
  | { kind: 'noise'; text: string }
  | { kind: 'incident'; incident: Incident }
  /** The last event. */
  | { kind: 'ended'; exit: QemuExit };

const answerTypes = ['hello', 'prepared', 'resumed', 'clock', 'ssh-ready', 'spec-end'] as const;
type AnswerType = (typeof answerTypes)[number];
type Answer<T extends AnswerType> = Extract<GuestMessage, { type: T }>;

export interface Feed {
  events: Readable & AsyncIterable<VmEvent>;
  console: ConsoleWatcher;
  /**
   * The guest's next answer of this type; to be called before it is asked.
   * Errors: GUEST_ENDED, GUEST_AGENT where the agent cannot do what it was asked.
   */
  answer<T extends AnswerType>(type: T): Promise<Answer<T>>;
  /** Rejects with GUEST_ENDED when all that the guest said has been read. */
  ended: Promise<never>;
}

/** Joins protocol, console and exit of a QEMU. */
export const openFeed = (qemu: QemuProcess): Feed => {
  const asked = new Map<string, PromiseWithResolvers<GuestMessage>>();
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  // Never paused: whoever runs a cell keeps every event anyway, and a paused socket would keep QEMU's end from us.
  const events = new Readable({ objectMode: true, read: () => {} });
  const tell = (event: VmEvent) => void events.push(event);
  const refuseAll = (error: Error) => {
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
  };
  const take = (message: GuestMessage) => {
    const waiting = asked.get(message.type);
    asked.delete(message.type);
    if (waiting) return waiting.resolve(message);
    if (message.type === 'agent-error') refuseAll(agentError(message.error));
    tell({ kind: 'message', message });
  };
  const console = new ConsoleWatcher((incident) => tell({ kind: 'incident', incident }));
  const decoder = new LineDecoder<GuestMessage>();
  qemu.protocol.on('data', (chunk: Buffer) => {
    for (const decoded of decoder.push(chunk)) {
      if (decoded.ok) take(decoded.message);
      else tell({ kind: 'noise', text: decoded.text });
    }
  });
  qemu.console.on('data', (chunk: Buffer) => console.push(chunk));
  let end: RingcrossError | null = null;
  void qemu.exited.then(async (exit) => {
    // What the guest said last is still in the sockets when QEMU is gone.
    await Promise.all([drained(qemu.protocol), drained(qemu.console)]);
    end = new RingcrossError('GUEST_ENDED', 'expected the guest to run on, but it ended', {
      log: evidence(console.tail()).join('\n'),
    });
    refuseAll(end);
    ended.reject(end);
    const rest = decoder.rest();
    if (rest) tell({ kind: 'noise', text: rest });
    tell({ kind: 'ended', exit });
    events.push(null);
  });
  return {
    events,
    console,
    ended: ended.promise,
    answer: (type) => {
      const waiting = Promise.withResolvers<GuestMessage>();
      // Awaited only after the question has been sent; a rejection meanwhile must not count as unhandled.
      waiting.promise.catch(() => {});
      if (end) waiting.reject(end);
      else asked.set(type, waiting);
      return waiting.promise as Promise<Answer<typeof type>>;
    },
  };
};

const agentError = ({ message, stack }: ErrorData): RingcrossError =>
  new RingcrossError('GUEST_AGENT', `expected the agent to do what it was asked, but it says: ${message}`, {
    log: stack ?? message,
  });

/** Resolves when a stream has ended; at once where it already has, and never later than a second. */
const drained = async (stream: Readable): Promise<void> => {
  if (stream.readableEnded || stream.destroyed) return;
  stream.resume();
  const closed = Promise.withResolvers<void>();
  stream.once('end', closed.resolve);
  stream.once('close', closed.resolve);
  await Promise.race([closed.promise, delay(1_000)]);
};
