// Runs as a process of its own: imports one spec with node:test replaced by a collector, and writes what it declares to
// descriptor 3. Whatever the spec prints or leaves running while it loads disturbs neither.
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const collector = new URL('./node-test-collector.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: collector, shortCircuit: true } : next(specifier, context),
});

const { titles, isolated } = (await import(collector)) as { titles: string[]; isolated: string[] };
const spec = (await import(pathToFileURL(process.argv[2] ?? '').href)) as { needs?: unknown };
writeSync(3, JSON.stringify({ needs: spec.needs ?? null, titles, isolated }));
process.exit(0);
