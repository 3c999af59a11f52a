// What the tests of a cell have established, from the events that reached the host. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../guest/protocol/messages.ts';
import type { CellEvent } from './outcome.ts';
import { findingSchema } from './results.ts';

/**
 * Findings of tests that passed, in the order they were stated, each once. Throws on one that is none: the guest has
 * checked it before.
 */
export const findingsOf = (events: readonly CellEvent[]): Finding[] => {
  const messages = events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
  const outcomes = messages.flatMap((message) => (message.type === 'test' ? [message] : []));
  const hasPassed = (path: readonly string[]): boolean => {
    // Subtests may share a title: none of them counts where one failed.
    const own = outcomes.filter((test) => isDeepStrictEqual(test.path, path));
    return own.length > 0 && own.every(({ outcome }) => outcome === 'passed');
  };
  const findings: Finding[] = [];
  for (const message of messages) {
    if (message.type !== 'finding' || !hasPassed(message.path)) continue;
    const found = findingSchema.parse(message.finding);
    if (!findings.some((earlier) => isDeepStrictEqual(earlier, found))) findings.push(found);
  }
  return findings;
};
