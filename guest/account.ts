// What became of every message of an experiment, told to whoever runs the spec.
import { channel } from 'node:diagnostics_channel';
import type { AccountReport } from './protocol/messages.ts';

/** The diagnostics channel on which each `AccountReport` is published. */
export const accountChannel = 'ringcross:account';

/**
 * Publishes an account; it counts only if the test that runs passes.
 * @throws {Error} when it does not add up: each message that was offered is received or lost.
 */
export const account = (given: AccountReport): void => {
  const { offered, received, losses } = given;
  const lost = losses.reduce((sum, { count }) => sum + count, 0);
  if (received + lost !== offered)
    throw new Error(`an account of ${offered} messages holds ${received} received and ${lost} lost`);
  channel(accountChannel).publish(given);
};
