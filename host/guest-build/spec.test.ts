import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { loadProject, ownRoot } from '../project.ts';
import { bundleSpec, findSpecs, readSpec, readSpecs } from './spec.ts';

const write = async (t: ExecutionContext, text: string): Promise<string> => {
  const path = join(await temporaryFolder(t), 'x.spec.ts');
  await writeFile(path, text);
  return path;
};

test('a spec is read without running a test of it', async (t) => {
  const { name, needs, titles } = await readSpec(
    await write(
      t,
      `
      import { after, describe, it, suite, test } from 'node:test';
      export const needs = { config: ['CONFIG_RELAY'], modules: ['a', { name: 'b', parameters: { n: 1 } }], cmdline: 'x=1' };
      after(() => { throw new Error('ran'); });
      test('one', () => { throw new Error('ran'); });
      suite('group', () => { it('two', () => {}); describe('inner', () => test('three', { timeout: 1 }, () => {})); });
      test.skip('four', () => {});
    `,
    ),
  );
  t.is(name, 'x');
  t.deepEqual(titles, ['one', 'group › two', 'group › inner › three', 'four']);
  t.deepEqual(needs, {
    config: ['CONFIG_RELAY'],
    modules: ['a', { name: 'b', parameters: { n: 1 } }],
    cmdline: 'x=1',
    cpus: 1,
    cpuFeatures: [],
    kernel: '*',
  });
});

test('a spec that throws while it loads says what it threw', async (t) => {
  const { loadError } = await readSpec(await write(t, `throw new Error('no such thing');`));
  t.is(loadError?.code, 'SPEC_LOAD');
  t.regex(loadError?.log ?? '', /no such thing/);
});

test('a spec that never ends loading is told as one that did not in time', async (t) => {
  const path = await write(
    t,
    `console.error('waiting'); setInterval(() => {}, 1000); await new Promise(() => {});`,
  );
  const { loadError } = await readSpec(path, 2_000);
  t.is(loadError?.code, 'SPEC_LOAD');
  t.is(loadError?.message, 'expected the spec x to load within 2 s, but it did not');
});

test('many specs are read in the order asked for, and one that does not load is no trouble of the others', async (t) => {
  const paths = [
    await write(t, `import { test } from 'node:test'; test('one', () => {});`),
    await write(t, `throw new Error('no such thing');`),
    await write(t, `import { test } from 'node:test'; test('three', () => {});`),
  ];
  const read = await readSpecs(paths);
  t.deepEqual(
    read.map(({ path, titles, loadError }) => [path, titles, loadError?.code ?? null]),
    [
      [paths[0], ['one'], null],
      [paths[1], [], 'SPEC_LOAD'],
      [paths[2], ['three'], null],
    ],
  );
});

test('needs that are none are refused by name', async (t) => {
  const { loadError } = await readSpec(await write(t, `export const needs = { confg: [] };`));
  t.is(loadError?.code, 'SPEC_LOAD');
  t.regex(loadError?.message ?? '', /confg/);
});

test('a spec that prints and leaves timers running while it loads is read all the same', async (t) => {
  const { titles, loadError } = await readSpec(
    await write(
      t,
      `import { test } from 'node:test'; console.log('hello'); setInterval(() => {}, 1000); test('one', () => {});`,
    ),
  );
  t.is(loadError, null);
  t.deepEqual(titles, ['one']);
});

test('two tests of one title are refused: one would hide the other', async (t) => {
  const { loadError } = await readSpec(
    await write(t, `import { test } from 'node:test'; test('one', () => {}); test('one', () => {});`),
  );
  t.regex(loadError?.message ?? '', /two are "one"/);
});

test('every spec of ours is found, and a glob that matches none is an error that lists them', async (t) => {
  const project = await loadProject(ownRoot);
  t.true((await findSpecs(project, [])).length >= 5);
  t.deepEqual(
    (await findSpecs(project, ['vd*'])).map((path) => path.slice(project.specsDir.length)),
    ['/vdso.spec.ts'],
  );
  await t.throwsAsync(findSpecs(project, ['pipes']), {
    code: 'USAGE',
    message: /matches pipes.*\bchardev\b.*\bpipe\b/,
  });
});

test('a bundled spec is one file whose source map names the spec as the project does', async (t) => {
  const project = await loadProject(ownRoot);
  const [path = ''] = await findSpecs(project, ['pipe']);
  const { name, content } = await bundleSpec(project, path);
  t.is(name, 'pipe.spec.mjs');
  const text = content.toString();
  const [, encoded = ''] = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(text) ?? [];
  const map = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] };
  // What it imports of its folder stands there too.
  t.true(map.sources.includes('specs/pipe.spec.ts'), map.sources.join());
  for (const source of map.sources) t.regex(source, /^specs\/[a-z0-9-]+(\.spec)?\.ts$/);
  t.regex(text, /from "ringcross\/guest"/);
});

test('a spec that does not compile is an error with its line', async (t) => {
  const project = await loadProject(ownRoot);
  const error = await t.throwsAsync(bundleSpec(project, await write(t, 'const = 1;')), { code: 'SPEC_LOAD' });
  t.regex(String((error as { log?: string }).log), /x\.spec\.ts:1: /);
});
