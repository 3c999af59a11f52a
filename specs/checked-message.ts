// Messages as kmod/include/ringcross-message.h makes them, for tests that send and judge them without the addon.

const word = 8;
const body = 2 * word;

/** Number, checksum of the body, and a body that follows the number. */
export const message = (seq: number, bytes: number): Buffer => {
  const made = Buffer.alloc(Math.ceil(bytes / word) * word);
  made.writeBigUInt64LE(BigInt(seq));
  let next = BigInt(seq);
  for (let at = body; at < bytes; at += word) {
    next = BigInt.asUintN(64, next * 6364136223846793005n + 1442695040888963407n);
    // The last one may be cut short.
    made.writeBigUInt64LE(BigInt.asUintN(8 * Math.min(word, bytes - at), next), at);
  }
  if (bytes >= body) made.writeBigUInt64LE(checksum(made, bytes), word);
  return made.subarray(0, bytes);
};

/**
 * The number of a message of whole words, or null where its body is not the one that was summed. A worker of a module
 * gives the next message another number and leaves its body as it was.
 */
export const intactNumber = (got: Buffer): number | null =>
  got.readBigUInt64LE(word) === checksum(got, got.length) ? Number(got.readBigUInt64LE()) : null;

/** What a call that takes a message gave: its number, `corrupt`, or the name of its error. */
export const numberOrError = (got: number | string, buffer: Buffer): number | string =>
  typeof got === 'string' ? got : (intactNumber(buffer.subarray(0, got)) ?? 'corrupt');

/** Over the body, whose last word is filled up with zeros; the rotation makes the order of words count. */
const checksum = (words: Buffer, bytes: number): bigint => {
  let sum = BigInt(bytes);
  for (let at = body; at < bytes; at += word)
    sum = BigInt.asUintN(64, (sum << 5n) | (sum >> 59n)) ^ words.readBigUInt64LE(at);
  return sum;
};

/** The first `count` numbers. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);
