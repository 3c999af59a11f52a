// Why the options that were asked for did not come out, in words for the person who wrote the fragment.

import { RingcrossError } from '../../vm/errors.ts';
import { formatOption } from './config-lines.ts';
import { formatRequest, type LostRequest, place } from './fragments.ts';
import type { KconfigEntry } from './kconfig.ts';
import { unmetParts } from './kconfig-expression.ts';

/** The error that names every lost option, its fragment and line, what came instead and, where it can be told, why. */
export function lostOptionsError(
  kernel: string,
  lost: readonly LostRequest[],
  config: ReadonlyMap<string, string>,
  kconfig: readonly KconfigEntry[],
): RingcrossError {
  const lines = lost.map(
    (request) =>
      `  ${place(request)}: asked for ${formatRequest(request)}, got ${formatOption(request.symbol, request.actual)}: ` +
      explainLost(request, config, kconfig),
  );
  const [subject, verb] = lost.length === 1 ? ['option', 'does'] : ['options', 'do'];
  return new RingcrossError(
    'KERNEL_OPTION_LOST',
    `${lost.length} requested ${subject} ${verb} not come out in the config of kernel ${kernel}:\n${lines.join('\n')}`,
  );
}

/** One clause on why a request was not met. */
export function explainLost(
  request: LostRequest,
  config: ReadonlyMap<string, string>,
  kconfig: readonly KconfigEntry[],
): string {
  const entries = kconfig.filter((entry) => entry.symbol === request.symbol);
  if (entries.length === 0) return 'no such symbol in this kernel';
  if (request.value === 'n') return explainForcedOn(request, config, kconfig, entries);
  const rival = chosenInstead(entries, config, kconfig);
  if (rival !== undefined) return `${rival} is chosen instead, and only one of its choice can be`;
  // With several definitions, the one that lacks least is the one that was meant.
  const unmet = fewest(
    entries.map((entry) => entry.dependsOn.flatMap((expression) => unmetParts(expression, config))),
  );
  if (unmet.length > 0) return `unmet dependency: ${unmet.join('; ')}`;
  if (!entries.some((entry) => entry.hasPrompt)) {
    return `it cannot be set by hand; ${selectorsHint(request.symbol, kconfig)}`;
  }
  const hidden = fewest(
    entries
      .filter((entry) => entry.hasPrompt)
      .map((entry) => entry.promptIf.flatMap((expression) => unmetParts(expression, config))),
  );
  if (hidden.length > 0) return `it can only be set when this holds: ${hidden.join('; ')}`;
  return 'its conditions seem met; the compiler or another option decides it';
}

function explainForcedOn(
  request: LostRequest,
  config: ReadonlyMap<string, string>,
  kconfig: readonly KconfigEntry[],
  entries: readonly KconfigEntry[],
): string {
  const forcedBy = selectorsOf(request.symbol, kconfig).filter((symbol) => config.has(symbol));
  if (forcedBy.length > 0) return `selected by ${forcedBy.join(', ')}`;
  const hidden = entries.flatMap((entry) => entry.promptIf.flatMap((part) => unmetParts(part, config)));
  if (hidden.length > 0) return `it can only be turned off when this holds: ${hidden.join('; ')}`;
  return entries.some((entry) => entry.hasPrompt)
    ? 'its default turned it on'
    : 'it cannot be set by hand; its default turned it on';
}

function chosenInstead(
  entries: readonly KconfigEntry[],
  config: ReadonlyMap<string, string>,
  kconfig: readonly KconfigEntry[],
): string | undefined {
  const choices = new Set(entries.map((entry) => entry.choice).filter((choice) => choice !== undefined));
  return kconfig.find(
    ({ symbol, choice }) =>
      choice !== undefined && choices.has(choice) && symbol !== entries[0]?.symbol && config.has(symbol),
  )?.symbol;
}

function selectorsHint(symbol: string, kconfig: readonly KconfigEntry[]): string {
  const selectors = selectorsOf(symbol, kconfig);
  if (selectors.length === 0) return 'its default decides';
  const shown = selectors.slice(0, 5).join(', ');
  return `it is turned on by ${shown}${selectors.length > 5 ? ` and ${selectors.length - 5} more` : ''}`;
}

function selectorsOf(symbol: string, kconfig: readonly KconfigEntry[]): string[] {
  const selectors = kconfig.filter((entry) => entry.selects.includes(symbol)).map((entry) => entry.symbol);
  return [...new Set(selectors)];
}

function fewest(lists: readonly string[][]): string[] {
  return lists.reduce((least, list) => (list.length < least.length ? list : least));
}
