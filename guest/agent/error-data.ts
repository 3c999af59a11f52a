// An error on its way through JSON.
import type { ErrorData } from '../protocol/messages.ts';
import { originalStack } from './original-stack.ts';

/** Anything thrown, as data: name, message, code, stack and causes. */
export const errorData = (thrown: unknown): ErrorData => {
  if (!(thrown instanceof Error)) return { name: 'Thrown', message: String(thrown) };
  const { name, message, stack, cause } = thrown;
  const code = 'code' in thrown && thrown.code !== undefined ? String(thrown.code) : undefined;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack: originalStack(stack) }),
    ...(cause === undefined ? {} : { cause: errorData(cause) }),
  };
};
