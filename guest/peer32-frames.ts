// What goes between a 32-bit peer and whoever started it: little-endian words of 32 bits, as the structs request and
// answer of guest/programs/peer.m32.c. Pure.
import type { CallArgument } from './native.ts';

/** The program's arena: what the buffers of one call, or one peek or poke, may take together. */
export const arenaBytes = 1 << 20;
const alignment = 16;

const operations = { call: 1, peek: 2, poke: 3 } as const;
const valueCount = 6;
const requestBytes = 4 * (2 + valueCount + 1);
const answerBytes = 4 * 2;

/** What the program sends back: a raw 32-bit result, and bytes. */
export interface Answer {
  result: number;
  payload: Buffer;
}

/**
 * A system call. Views and strings travel along, a string with a NUL at its end, and the call gets their addresses.
 * @throws {TypeError|RangeError} when an argument is none that a 32-bit program could have.
 */
export const encodeCall = (number: number, args: readonly CallArgument[]): Buffer => {
  if (args.length > valueCount)
    throw new RangeError(`a system call takes at most ${valueCount} arguments, not ${args.length}`);
  const buffers: Buffer[] = [];
  let mask = 0;
  const values = args.map((argument, index) => {
    if (typeof argument === 'number' || typeof argument === 'bigint') return word(argument);
    const bytes = bytesOf(argument);
    buffers.push(bytes, Buffer.alloc(padding(bytes.length)));
    mask |= 1 << index;
    return bytes.length;
  });
  const payload = Buffer.concat(buffers);
  checkFits(payload.length);
  return Buffer.concat([header(operations.call, number, values, mask), payload]);
};

/** Copies what the call left in its buffers into the views that were its arguments. */
export const takeBuffers = (args: readonly CallArgument[], payload: Buffer): void => {
  let at = 0;
  for (const argument of args) {
    if (typeof argument === 'number' || typeof argument === 'bigint') continue;
    const bytes = bytesOf(argument);
    if (typeof argument !== 'string') payload.copy(bytes, 0, at);
    at += bytes.length + padding(bytes.length);
  }
};

/** @throws {RangeError} when it is more than the arena holds. */
export const encodePeek = (address: number, bytes: number): Buffer => {
  checkFits(bytes);
  return header(operations.peek, 0, [word(address), word(bytes)], 0);
};

/** @throws {RangeError} when it is more than the arena holds. */
export const encodePoke = (address: number, data: NodeJS.TypedArray | string): Buffer => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : bytesOf(data);
  checkFits(bytes.length);
  return Buffer.concat([header(operations.poke, 0, [word(address), bytes.length], 0), bytes]);
};

/** Cuts a stream into answers, wherever its chunks end. */
export class AnswerDecoder {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Answer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const answers: Answer[] = [];
    while (this.#rest.length >= answerBytes) {
      const end = answerBytes + this.#rest.readUInt32LE(4);
      if (this.#rest.length < end) break;
      answers.push({
        result: this.#rest.readInt32LE(0),
        payload: this.#rest.subarray(answerBytes, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    return answers;
  }
}

const header = (operation: number, number: number, values: readonly number[], buffers: number): Buffer => {
  const bytes = Buffer.alloc(requestBytes);
  [operation, number, ...values].forEach((value, index) => {
    bytes.writeUInt32LE(value, 4 * index);
  });
  bytes.writeUInt32LE(buffers, requestBytes - 4);
  return bytes;
};

/** The bytes of the view itself, not a copy; those of a string with its NUL. */
const bytesOf = (argument: NodeJS.TypedArray | string): Buffer =>
  typeof argument === 'string'
    ? Buffer.from(`${argument}\0`)
    : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);

/** A number from -2^31 to 2^32 - 1, as the unsigned word that a register gets. */
const word = (value: number | bigint): number => {
  const whole = typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value) : null;
  if (whole === null || whole < -(2n ** 31n) || whole >= 2n ** 32n)
    throw new RangeError(`${value} is not a whole number of 32 bits`);
  return Number(BigInt.asUintN(32, whole));
};

const padding = (bytes: number): number => -bytes & (alignment - 1);

const checkFits = (bytes: number): void => {
  if (bytes > arenaBytes)
    throw new RangeError(`a 32-bit peer takes ${arenaBytes} bytes at once, not ${bytes}`);
};
