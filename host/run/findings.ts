// What the tests of a cell have established, from the events that reached the host. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../guest/protocol/messages.ts';
import type { CellEvent } from './outcome.ts';
import { toldByPassed } from './passed.ts';
import { findingSchema } from './results.ts';

/**
 * Findings of tests that passed, in the order they were stated, each once. Throws on one that is none: the guest has
 * checked it before.
 */
export const findingsOf = (events: readonly CellEvent[]): Finding[] => {
  const findings: Finding[] = [];
  for (const message of toldByPassed(events, 'finding')) {
    const found = findingSchema.parse(message.finding);
    if (!findings.some((earlier) => isDeepStrictEqual(earlier, found))) findings.push(found);
  }
  return findings;
};
