// What a test established beside figures, told to whoever runs the spec.
import { channel } from 'node:diagnostics_channel';
import { isDeepStrictEqual } from 'node:util';
import { findingKey } from './protocol/finding-key.ts';
import type { Finding } from './protocol/messages.ts';

/** The diagnostics channel on which each `Finding` is published. */
export const findingChannel = 'ringcross:finding';

/** What this process, which is one cell, has stated so far. */
const stated = new Map<string, Finding>();

/**
 * States what the test that runs has established; it counts only if that test passes. Stating the same again is no
 * harm, so that a test may run twice.
 * @throws {TypeError} when it is no finding.
 * @throws {Error} when the cell has stated something else of the same mechanism, subject, direction, size and dead side.
 */
export const finding = (given: Finding): void => {
  check(given);
  const key = findingKey(given);
  const earlier = stated.get(key);
  if (earlier && !isDeepStrictEqual(earlier, given))
    throw new Error(`two findings contradict: ${JSON.stringify(earlier)} and ${JSON.stringify(given)}`);
  stated.set(key, { ...given });
  channel(findingChannel).publish(given);
};

type Field = { expected: string; test: (value: unknown) => boolean };

const oneOf = (...words: string[]): Field => ({
  expected: words.join(', '),
  test: (value) => words.includes(value as string),
});

/** Findings stand in cells of tables. */
const cellText: Field = {
  expected: 'one line of text',
  test: (value) => typeof value === 'string' && value.trim() !== '' && !value.includes('\n'),
};

const truth: Field = { expected: 'true, false', test: (value) => typeof value === 'boolean' };

const way = oneOf('u2k', 'k2u', 'u2u');

const wholeBytes: Field = {
  expected: 'a whole number of bytes',
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

const fields: Record<Finding['about'], Record<string, Field>> = {
  signalling: { works: truth },
  'transfer limit': {
    bytes: {
      expected: `${wholeBytes.expected}, or null for none`,
      test: (value) => value === null || wholeBytes.test(value),
    },
  },
  extensibility: { outcome: oneOf('works', 'refused', 'silently wrong') },
  validation: { outcome: oneOf('refused', 'passed over') },
  portability: { outcome: oneOf('works', 'breaks') },
  synchrony: { direction: oneOf('u2k', 'k2u'), returns: oneOf('before', 'after') },
  'not possible': { direction: way, holds: truth },
  boundary: {
    direction: way,
    size: oneOf('empty', 'largest', 'one more'),
    bytes: wholeBytes,
    result: cellText,
  },
  death: { direction: way, of: oneOf('reader', 'writer', 'module'), survivor: cellText },
  'loss notice': { direction: way, sender: cellText, receiver: cellText },
  recovery: { works: truth },
  guarantee: { loses: oneOf('never', 'when full', 'unless acknowledged'), condition: cellText },
};

/** A spec's types are stripped before it runs: what is no finding is told here, by the test that states it. */
const check = (given: Finding): void => {
  const particular = Object.hasOwn(fields, given.about) ? fields[given.about] : undefined;
  if (!particular)
    throw new TypeError(
      `a finding is about one of ${Object.keys(fields).join(', ')}, not about ${given.about}`,
    );
  const wanted: Record<string, Field> = {
    about: cellText,
    mechanism: cellText,
    subject: cellText,
    says: cellText,
    ...particular,
  };
  for (const [name, { expected, test }] of Object.entries(wanted)) {
    const value: unknown = given[name as keyof Finding];
    if (!test(value))
      throw new TypeError(`${name} of a finding about ${given.about} is ${expected}; not ${String(value)}`);
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(wanted, name));
  if (unknown !== undefined)
    throw new TypeError(`a finding about ${given.about} has no field named ${unknown}`);
};
