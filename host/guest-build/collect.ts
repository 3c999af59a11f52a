// Runs as a process of its own: imports one spec with node:test replaced by a collector, and prints what it declares.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const collector = new URL('./node-test-collector.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: collector, shortCircuit: true } : next(specifier, context),
});

const { titles } = (await import(collector)) as { titles: string[] };
const spec = (await import(pathToFileURL(process.argv[2] ?? '').href)) as { needs?: unknown };
process.stdout.write(JSON.stringify({ needs: spec.needs ?? null, titles }));
