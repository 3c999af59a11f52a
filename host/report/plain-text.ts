// What guests, kernels and compilers print, made fit for formats that other programs read.
import { stripVTControlCharacters } from 'node:util';

// Neither XML nor a terminal that shows a log has a use for them; no format here can carry all of them.
const unprintable = /(?![\n\t])\p{Cc}|[\uFFFE\uFFFF]/gu;

/** Without colours, each line ended by \n, and U+FFFD for every character that XML 1.0 does not allow or that moves a cursor. */
export const plainText = (text: string): string =>
  stripVTControlCharacters(text.toWellFormed()).replaceAll(/\r\n?/g, '\n').replaceAll(unprintable, '\uFFFD');

/** The first line of it that says something, for a place that has one line. */
export const oneLine = (text: string): string =>
  plainText(text)
    .split('\n')
    .map((line) => line.trim())
    .find(Boolean) ?? '';
