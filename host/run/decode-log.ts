// Places in a kernel's report, `chardev_read+0x55/0x90 [chardev]`, as file and line, where the image has debug information. By
// binutils, which a host that builds kernels has.
import { basename } from 'node:path';
import { execa } from 'execa';

/** The images that a guest ran: the kernel's, and each module's by the name that the kernel prints. */
export interface Images {
  vmlinux: string;
  modules: ReadonlyMap<string, string>;
}

interface Place {
  /** As it stands in the line. */
  text: string;
  symbol: string;
  /** Into the symbol, bytes. */
  offset: number;
  /** Of the symbol, up to the next one. */
  size: number;
  module: string | null;
}

const place = /\b([A-Za-z_][\w.]*)\+0x([\da-f]+)\/0x([\da-f]+)(?: \[(\w+)(?:\([A-Z]+\))?\])?/g;

/** Every place that a line names. Pure. */
export const placesIn = (line: string): Place[] =>
  [...line.matchAll(place)].map(([text, symbol = '', offset = '', size = '', module]) => ({
    text,
    symbol,
    offset: Number.parseInt(offset, 16),
    size: Number.parseInt(size, 16),
    module: module ?? null,
  }));

/** The lines with each place that can be told followed by `(file:line)`. Never throws: a report that stays as it is, is one. */
export const decodeLog = async (lines: readonly string[], images: Images): Promise<string[]> => {
  // A report names a place more than once: it is looked up once.
  const places = [...new Map(lines.flatMap(placesIn).map((one) => [one.text, one])).values()];
  const told = new Map<string, string>();
  for (const module of new Set(places.map((one) => one.module))) {
    const image = module === null ? images.vmlinux : images.modules.get(module);
    if (image === undefined) continue;
    const own = places.filter((one) => one.module === module);
    const found = await linesOf(image, own).catch(() => new Map<string, string>());
    for (const [text, line] of found) told.set(text, line);
  }
  return lines.map((line) =>
    line.replaceAll(place, (text) => (told.has(text) ? `${text} (${told.get(text)})` : text)),
  );
};

/** `file:line` by a place's text. */
const linesOf = async (image: string, places: readonly Place[]): Promise<Map<string, string>> => {
  const { stdout: sections } = await execa('readelf', ['--wide', '--section-headers', image]);
  if (!hasLines(sections)) return new Map();
  const { stdout: symbols } = await execa('readelf', ['--wide', '--symbols', image], {
    maxBuffer: 512 * 1024 * 1024,
  });
  const wanted = new Set(places.map(({ symbol }) => symbol));
  const functions = parseSymbols(symbols, wanted);
  const found = new Map<string, string>();
  for (const one of places) {
    const start = chooseSymbol(functions.get(one.symbol) ?? [], one.size);
    if (start === null) continue;
    const where = await lineAt(image, start, one.offset, sections);
    if (where !== null) found.set(one.text, where);
  }
  return found;
};

/** Whether the sections that readelf(1) lists hold lines of source. */
const hasLines = (sections: string): boolean => /\s\.debug_line\s/.test(sections);

/** A symbol of readelf's list: in a module its value counts from its section. */
export interface ElfSymbol {
  value: bigint;
  size: number;
  section: string;
}

/** Functions by name, of those that are wanted; static ones may share a name. Pure. */
export const parseSymbols = (listing: string, wanted: ReadonlySet<string>): Map<string, ElfSymbol[]> => {
  const found = new Map<string, ElfSymbol[]>();
  // "   Num:    Value          Size Type    Bind   Vis      Ndx Name"
  for (const [, value = '', size = '', section = '', name = ''] of listing.matchAll(
    /^\s*\d+: ([\da-f]+)\s+(\S+)\s+(?:FUNC|NOTYPE)\s+\S+\s+\S+\s+(\S+) (\S+)$/gm,
  )) {
    if (!wanted.has(name)) continue;
    const list = found.get(name) ?? [];
    found.set(name, list);
    list.push({ value: BigInt(`0x${value}`), size: Number(size), section });
  }
  return found;
};

/**
 * The one that is meant: the kernel gives the distance to the next symbol as its size, which alignment makes larger than
 * that of the symbol. Null where several would do. Pure.
 */
export const chooseSymbol = (candidates: readonly ElfSymbol[], size: number): ElfSymbol | null => {
  const fitting = candidates.filter((one) => one.size <= size && size - one.size < 64);
  const [only, another] = fitting.length > 0 ? fitting : candidates;
  return only !== undefined && another === undefined ? only : null;
};

const lineAt = async (
  image: string,
  { value, section }: ElfSymbol,
  offset: number,
  sections: string,
): Promise<string | null> => {
  const address = (value + BigInt(offset)).toString(16);
  const name = image.endsWith('.ko') ? sectionName(sections, section) : null;
  const within = name === null ? [] : ['--section', name];
  const { stdout } = await execa('addr2line', ['--exe', image, ...within, address]);
  return sourceLine(stdout);
};

const sectionName = (sections: string, index: string): string | null =>
  new RegExp(`^\\s*\\[\\s*${index}\\]\\s+(\\S+)`, 'm').exec(sections)?.[1] ?? null;

/** `mm/slub.c:12` of what addr2line(1) prints, without the folder of the build; null for `??`. Pure. */
export const sourceLine = (printed: string): string | null => {
  const [line = ''] = printed.trim().split('\n');
  const found = /^(.*):(\d+)(?: \(discriminator \d+\))?$/.exec(line);
  if (!found?.[1] || found[1].startsWith('??')) return null;
  // A kernel is built below under-way/build-X/source; a module's own paths are made short when it is built.
  const path = found[1].replace(/^.*\/under-way\/[^/]+\/source\//, '').replace(/^\.\//, '');
  return `${path}:${found[2]}`;
};

/** The name under which the kernel prints a module, from the path of its file. */
export const moduleNameOf = (ko: string): string => basename(ko, '.ko').replaceAll('-', '_');
