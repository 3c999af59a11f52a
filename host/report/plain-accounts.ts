// Messages that were sent without a rate to keep and without a window: what became of them. Pure.
import { lossShare, ticksPerMessage } from './accounts.ts';
import type { Group } from './groups.ts';
import { isOfBuffers } from './loads.ts';
import { figure, type Table } from './table.ts';
import { isBesideWindows } from './windows.ts';

/** The accounts that have no place in the tables of loads, buffers and windows. */
export const plainAccounts = ({ accounts, unit }: Pick<Group, 'accounts' | 'unit'>): Table => ({
  header: [
    'messages',
    'offered',
    'received',
    'lost',
    'delivered twice',
    'damaged',
    'out of order',
    ...(unit === null ? [] : [`${unit} a message`]),
  ],
  rows: accounts
    .filter((one) => one.load === null && one.window === null)
    .filter((one) => !isOfBuffers(one) && !isBesideWindows(one, accounts))
    .map((one) => [
      `${one.mechanism} ${one.direction} ${one.variant}, ${figure(one.bytes)} B`,
      figure(one.offered),
      figure(one.received),
      lossShare(one),
      figure(one.duplicated),
      figure(one.corrupted),
      figure(one.reordered),
      ...(unit === null ? [] : [figure(ticksPerMessage(one))]),
    ]),
});
