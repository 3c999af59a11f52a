// Runs as a process of its own: imports one spec with node:test replaced by a collector, and writes what it declares to
// descriptor 3. Whatever the spec prints or leaves running while it loads disturbs neither.
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const extension = extname(import.meta.filename);
const collector = new URL(`./node-test-collector${extension}`, import.meta.url).href;

/** `ringcross/guest` is the one that belongs to us, as in a guest: not another one that the spec's project may have. */
const replaced: Readonly<Record<string, string>> = {
  'node:test': collector,
  'ringcross/guest': new URL(`../../guest/index${extension}`, import.meta.url).href,
};

registerHooks({
  resolve: (specifier, context, next) => {
    const url = replaced[specifier];
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});

const { titles, isolated } = (await import(collector)) as { titles: string[]; isolated: string[] };
const spec = (await import(pathToFileURL(process.argv[2] ?? '').href)) as { needs?: unknown };
writeSync(3, JSON.stringify({ needs: spec.needs ?? null, titles, isolated }));
process.exit(0);
