// Which of the things a cell told count: those of tests that passed. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { GuestMessage } from '../../guest/protocol/messages.ts';
import type { CellEvent } from './outcome.ts';

type Told<Type> = Extract<GuestMessage, { type: Type }>;

/** The messages of one type that tests sent which passed, in their order. */
export const toldByPassed = <Type extends 'account' | 'finding'>(
  events: readonly CellEvent[],
  type: Type,
): Told<Type>[] => {
  const messages = events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
  const outcomes = messages.flatMap((message) => (message.type === 'test' ? [message] : []));
  const hasPassed = (path: readonly string[]): boolean => {
    // Subtests may share a title: none of them counts where one failed.
    const own = outcomes.filter((test) => isDeepStrictEqual(test.path, path));
    return own.length > 0 && own.every(({ outcome }) => outcome === 'passed');
  };
  return messages.filter(
    (message): message is Told<Type> =>
      message.type === type && hasPassed((message as Told<'account' | 'finding'>).path),
  );
};
