// Text of others in Markdown: shown as it is, whatever it contains.
import { plainText } from './plain-text.ts';

/** A block of text; empty where there is nothing to show. */
export const fenced = (text: string | undefined): string[] => {
  const shown = plainText(text ?? '').trimEnd();
  if (!shown.trim()) return [];
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
  return [`${fence}text\n${shown}\n${fence}`];
};

/** Words within a line. */
export const code = (text: string): string => {
  const shown = plainText(text).replaceAll('\n', ' ');
  const fence = '`'.repeat(longestRun(shown) + 1);
  // A backtick at an end would be taken for one of the fence.
  const space = /^`|`$/.test(shown) ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
};

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
