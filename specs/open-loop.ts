// A sender that does not wait for its receiver, and what becomes of each of its messages.

export interface OpenLoop {
  /** How many messages are offered. */
  readonly count: number;
  /** The receiver takes one message each time that so many have been offered. */
  readonly every: number;
  /** Offers the message of that number: null if it is taken, or the name of the error. */
  readonly send: (seq: number) => string | null;
  /** The number of the next message, or the name of the error. */
  readonly receive: () => number | string;
}

export interface Offered {
  /** Numbers, in the order of sending. */
  readonly sent: number[];
  readonly refused: number[];
  /** With which errors, each once. */
  readonly errors: string[];
  /** What the receiver was given meanwhile, and all that was left at the end until there was no more. */
  readonly received: (number | string)[];
}

/** Runs it. What is still there at the end is received, too, until `receive` answers `empty`. */
export const offer = ({ count, every, send, receive }: OpenLoop, empty: string): Offered => {
  const [sent, refused, received]: [number[], number[], (number | string)[]] = [[], [], []];
  const errors = new Set<string>();
  for (let seq = 0; seq < count; seq++) {
    const error = send(seq);
    if (error === null) sent.push(seq);
    else {
      refused.push(seq);
      errors.add(error);
    }
    if ((seq + 1) % every === 0) received.push(receive());
  }
  for (let next = receive(); next !== empty; next = receive()) received.push(next);
  return { sent, refused, errors: [...errors], received };
};
