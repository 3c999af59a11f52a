// Stacks as their authors wrote the code: from lines of a bundle to lines of TypeScript, by the map at the bundle's end.
// Node can do it (--enable-source-maps), but goes over each bundle when it is imported, character by character: under
// emulation that was a third of a boot, paid by every spec that passes.
import { readFileSync } from 'node:fs';
import type { SourceMap } from 'node:module';
import { dirname, join } from 'node:path';

const position = /(?:file:\/\/)?(\/[^\s():]+\.[cm]js):(\d+):(\d+)/g;

/** The stack with each position in a bundle replaced by that in its source; one that has no map stays as it is. */
export const originalStack = (stack: string): string =>
  stack.replaceAll(position, (text, path: string, line: string, column: string) => {
    const origin = mapOf(path)?.findOrigin(Number(line), Number(column));
    if (!origin || !('fileName' in origin)) return text;
    return `file://${join(dirname(path), origin.fileName)}:${origin.lineNumber}:${origin.columnNumber}`;
  });

const maps = new Map<string, SourceMap | null>();

const mapOf = (path: string): SourceMap | null => {
  let map = maps.get(path);
  if (map === undefined) {
    map = readMap(path);
    maps.set(path, map);
  }
  return map;
};

const inlineMap = /^\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/m;

const readMap = (path: string): SourceMap | null => {
  try {
    const encoded = inlineMap.exec(readFileSync(path, 'utf8'))?.[1];
    if (encoded === undefined) return null;
    const { SourceMap } = process.getBuiltinModule('node:module');
    return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  } catch {
    // A stack that cannot be told better is told as it is.
    return null;
  }
};
