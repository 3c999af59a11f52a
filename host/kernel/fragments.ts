// Kconfig fragments: what the project asks of a kernel's config, and whether it got it.

import { RingcrossError } from '../../vm/errors.ts';
import { type ConfigLine, formatOption, parseConfig } from './config-lines.ts';

/** One line of one fragment. */
export interface Request extends ConfigLine {
  /** The fragment as kernels.json names it. */
  fragment: string;
}

/** A request that the final config does not meet. */
export interface LostRequest extends Request {
  /** The value in the final config; `n` when the option is off or not there. */
  actual: string;
}

/**
 * Reads the fragments in order.
 * @throws RingcrossError `KERNEL_CONFIG` for a line that sets nothing, `KERNEL_CONTRADICTION` for two lines that
 * ask for different values of one option. Both list every place.
 */
export function readRequests(fragments: readonly { name: string; text: string }[]): Request[] {
  const requests: Request[] = [];
  const bad: string[] = [];
  for (const { name, text } of fragments) {
    const parsed = parseConfig(text);
    for (const line of parsed.lines) requests.push({ ...line, fragment: name });
    for (const { line, text: found } of parsed.bad) bad.push(`  ${name}:${line}: ${found}`);
  }
  if (bad.length > 0) {
    throw new RingcrossError(
      'KERNEL_CONFIG',
      `a fragment line is CONFIG_X=value, "# CONFIG_X is not set" or a comment; these are none:\n${bad.join('\n')}`,
    );
  }
  refuseContradictions(requests);
  return requests;
}

function refuseContradictions(requests: readonly Request[]): void {
  const clashes = [...Map.groupBy(requests, (request) => request.symbol).values()]
    .filter((group) => new Set(group.map((request) => request.value)).size > 1)
    .map((group) => group.map((request) => `  ${place(request)}: ${formatRequest(request)}`).join('\n'));
  if (clashes.length === 0) return;
  throw new RingcrossError(
    'KERNEL_CONTRADICTION',
    `fragments ask for different values of one option:\n${clashes.join('\n')}\nKeep one line of each.`,
  );
}

/** `asked` with `onTop` over it: what `onTop` sets is no longer asked otherwise. */
export function overlay(asked: readonly Request[], onTop: readonly Request[]): Request[] {
  const replaced = new Set(onTop.map(({ symbol }) => symbol));
  return [...asked.filter(({ symbol }) => !replaced.has(symbol)), ...onTop];
}

/** The requests that the final config does not meet. An option that is absent is as good as `is not set`. */
export function findLost(requests: readonly Request[], final: ReadonlyMap<string, string>): LostRequest[] {
  return requests
    .map((request) => ({ ...request, actual: final.get(request.symbol) ?? 'n' }))
    .filter((request) => request.actual !== request.value);
}

/** The request as its fragment has it. */
export function formatRequest({ symbol, value }: ConfigLine): string {
  return formatOption(symbol, value);
}

/** `fragments/base.config:12` */
export function place({ fragment, line }: Request): string {
  return `${fragment}:${line}`;
}
