import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { build } from 'esbuild';
import { originalStack } from './original-stack.ts';

test('a position in a bundle becomes that in its source, beside others that stay', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-test-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const source =
    "type Unused = number;\n\nexport const fail = (): never => {\n  throw new Error('told');\n};\n";
  await writeFile(join(folder, 'written.ts'), source);
  const bundle = join(folder, 'bundle.mjs');
  await build({
    entryPoints: [join(folder, 'written.ts')],
    bundle: true,
    format: 'esm',
    sourcemap: 'inline',
    outfile: bundle,
  });
  const lines = (await readFile(bundle, 'utf8')).split('\n');
  const line = lines.findIndex((text) => text.includes('new Error'));
  const at = `${bundle}:${line + 1}:${(lines[line] ?? '').indexOf('new Error') + 1}`;
  const others = '    at node:internal/x:1:2\n    at /nowhere/else.mjs:3:4';
  const told = originalStack(`Error: told\n    at fail (file://${at})\n    at ${at}\n${others}`);
  const origin = `file://${join(folder, 'written.ts')}:4:9`;
  t.is(told, `Error: told\n    at fail (${origin})\n    at ${origin}\n${others}`);
});
