// What became of the messages of a cell's experiments, from the events that reached the host. Pure.
import { type Lens, lensRecords } from '../../vm/lens.ts';
import type { CellEvent } from './outcome.ts';
import { toldByPassed } from './passed.ts';
import { type AccountResult, accountSchema } from './results.ts';

/**
 * Accounts of tests that passed, in their order. Throws on one that is none or does not add up: the guest has checked
 * it before.
 */
export const accountsOf = (events: readonly CellEvent[], lens: Lens): AccountResult[] =>
  toldByPassed(events, 'account').map(({ account }) => {
    const parsed = accountSchema.parse(account);
    mustAddUp(parsed);
    return lensRecords[lens].unit === null ? withoutTicks(parsed) : parsed;
  });

/** How many messages were offered and have not arrived. */
export const lostOf = ({ losses }: Pick<AccountResult, 'losses'>): number =>
  losses.reduce((sum, { count }) => sum + count, 0);

const mustAddUp = (account: AccountResult): void => {
  const { mechanism, direction, variant, offered, received } = account;
  const lost = lostOf(account);
  if (received + lost !== offered)
    throw new RangeError(
      `expected each of the ${offered} messages of ${mechanism} ${direction} ${variant} to be received or lost, but ${received} were received and ${lost} lost`,
    );
};

/** As of a case: a tick that counts nothing is dropped, so that it cannot be misread. */
const withoutTicks = (account: AccountResult): AccountResult => ({
  ...account,
  notices: account.notices.map((notice) => ({ ...notice, ticks: null })),
  ticks: null,
});
