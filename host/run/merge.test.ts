import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { markdownReport } from '../report/markdown.ts';
import { comparable, comparableJournal } from './comparable.ts';
import { type MadeUpRun, madeUpPlan, writeMadeUpRun } from './fixtures/made-up-run.ts';
import { merge } from './merge.ts';

const cells = madeUpPlan().cells.map(({ cell }) => cell);

/** Two shards of the made-up plan, of which the second differs where it is told to. */
const twoShards = async (t: ExecutionContext, first: MadeUpRun = {}, second: MadeUpRun = {}) => {
  const folder = await temporaryFolder(t);
  const [a, b, out] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'merged')];
  await writeMadeUpRun(a, { shard: { index: 1, of: 2 }, seconds: 2, ...first });
  await writeMadeUpRun(b, { shard: { index: 2, of: 2 }, seconds: 3, ...second });
  return { folder, a, b, out };
};

const refused = async (t: ExecutionContext, dirs: string[], out: string, code: string, message: RegExp) => {
  await t.throwsAsync(merge(dirs, out), { code, message });
  t.false((await readdir(join(out, '..'))).includes('merged'), 'nothing is left of a merge that was refused');
};

const read = (...path: string[]) => readFile(join(...path), 'utf8');

/** Every file below a folder, with its bytes. */
const filesBelow = async (dir: string): Promise<Record<string, string>> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(dir.length), await readFile(path, 'base64')])),
  );
};

test('two shards make what one machine makes, apart from times', async (t) => {
  const { folder, a, b, out } = await twoShards(t, { interleaved: true });
  const one = join(folder, 'one');
  await writeMadeUpRun(one, { seconds: 9, interleaved: true });
  const merged = await merge([b, a], out);
  const texts = await Promise.all(
    [out, one].map(async (dir) => ({
      results: JSON.stringify(comparable(JSON.parse(await read(dir, 'results.json')))),
      manifest: JSON.stringify(comparable(JSON.parse(await read(dir, 'manifest.json')))),
      journal: comparableJournal(await read(dir, 'journal.ndjson'), cells),
      samples: await filesBelow(join(dir, 'samples')),
      console: (await readdir(join(dir, 'console'))).sort(),
    })),
  );
  t.deepEqual(texts[0], texts[1]);
  t.is(Object.keys(texts[0]?.samples ?? {}).length, 4);
  t.is(merged.results.cells.length, cells.length);
  const reports = await Promise.all(
    [out, one].map(async (dir) =>
      markdownReport(
        comparable(JSON.parse(await read(dir, 'results.json'))),
        comparable(JSON.parse(await read(dir, 'manifest.json'))),
        new Map(),
      ),
    ),
  );
  t.is(reports[0], reports[1]);
});

test('what differs in time differs before it is made comparable, and what is no time still does after', async (t) => {
  const folder = await temporaryFolder(t);
  const [a, b, other] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'other')];
  await writeMadeUpRun(a, { seconds: 1 });
  await writeMadeUpRun(b, { seconds: 2 });
  const results = await Promise.all([a, b].map((dir) => read(dir, 'results.json')));
  t.not(results[0], results[1]);
  t.deepEqual(comparable(JSON.parse(results[0] ?? '')), comparable(JSON.parse(results[1] ?? '')));
  await writeMadeUpRun(other, { own: cells.slice(1) });
  t.notDeepEqual(
    comparable(JSON.parse(results[0] ?? '')),
    comparable(JSON.parse(await read(other, 'results.json'))),
  );
});

test('the merged manifest says where each shard ran', async (t) => {
  const { a, b, out } = await twoShards(t);
  const { manifest } = await merge([a, b], out);
  t.deepEqual(
    manifest.shards?.map(({ shard, run, host }) => ({ shard, run, cpus: host.cpus })),
    [
      { shard: { index: 1, of: 2 }, run: 'run-2', cpus: 2 },
      { shard: { index: 2, of: 2 }, run: 'run-3', cpus: 3 },
    ],
  );
  t.is(manifest.started, '1970-01-01T00:00:02.000Z');
  t.is(manifest.ended, '1970-01-01T00:00:03.500Z');
});

test('one shard of one is merged into itself, to the last byte', async (t) => {
  const folder = await temporaryFolder(t);
  const [a, out] = [join(folder, 'a'), join(folder, 'out')];
  await writeMadeUpRun(a);
  await merge([a], out);
  t.deepEqual(await filesBelow(out), await filesBelow(a));
});

test('merged shards can be merged again, and give the same', async (t) => {
  const { folder, a, b, out } = await twoShards(t);
  await merge([a, b], out);
  const again = join(folder, 'again');
  await merge([out], again);
  t.deepEqual(await filesBelow(again), await filesBelow(out));
});

test('a shard that had nothing to do belongs to its plan all the same', async (t) => {
  const { a, b, out } = await twoShards(t, { own: cells }, { own: [] });
  t.is((await merge([a, b], out)).results.cells.length, cells.length);
});

test('a missing shard is named', async (t) => {
  const { a, b, out } = await twoShards(t);
  await refused(t, [a], out, 'SHARD_MISSING', /expected all 2 shards, but there is no 2\/2/);
  await refused(t, [b], out, 'SHARD_MISSING', /there is no 1\/2/);
});

test('a cell that no shard has is named', async (t) => {
  const { a, b, out } = await twoShards(t, { own: cells.slice(1, 4) }, { own: cells.slice(4) });
  await refused(t, [a, b], out, 'SHARD_MISSING', /none has 6\.1-instructions-fails$/);
});

test('a shard that is there twice is named', async (t) => {
  const { a, b, out } = await twoShards(t);
  await refused(t, [a, b, b], out, 'SHARD_DUPLICATE', /b and .*b are both 2\/2/);
});

test('a cell that two shards have is named', async (t) => {
  const { a, b, out } = await twoShards(t, { own: cells.slice(0, 5) }, { own: cells.slice(4) });
  await refused(t, [a, b], out, 'SHARD_OVERLAP', /a and .*b both have 6\.12-instructions-fails/);
});

test('a shard of another number of shards is refused', async (t) => {
  const { a, b, out } = await twoShards(t, {}, { shard: { index: 2, of: 3 } });
  await refused(t, [a, b], out, 'SHARD_COUNT', /they are 1\/2 and 2\/3/);
});

test('a shard of another plan is refused, with what differs', async (t) => {
  const plan = madeUpPlan({ specs: madeUpPlan().specs.map((spec) => ({ ...spec, sha256: 'f'.repeat(64) })) });
  const { a, b, out } = await twoShards(t, {}, { plan });
  const error = await t.throwsAsync(merge([a, b], out), { code: 'SHARD_PLAN' });
  t.is((error as { log?: string } | undefined)?.log, 'they differ in specs or their modules');
});

test('a shard of another commit is refused', async (t) => {
  const { a, b, out } = await twoShards(t, {}, { commit: 'c0ffee-dirty' });
  await refused(t, [a, b], out, 'SHARD_COMMIT', /run by 0\.1\.0, c0ffee and 0\.1\.0, c0ffee-dirty/);
});

test('shards that ran two images of one kernel are refused', async (t) => {
  const { a, b, out } = await twoShards(t, {}, { buildId: 'ca7' });
  await refused(t, [a, b], out, 'SHARD_KERNEL', /one image of kernel 6\.1, but .* b0b6\.1 and .* ca76\.1/);
});

test('a shard of another schema is refused', async (t) => {
  const { a, b, out } = await twoShards(t);
  const change = async (name: string) =>
    writeFile(join(b, name), (await read(b, name)).replace('"schema": 1', '"schema": 2'));
  await change('results.json');
  await refused(t, [a, b], out, 'RUN_SCHEMA', /expected results of schema 1, but .* has 2/);
  await change('manifest.json');
  await refused(t, [a, b], out, 'RUN_SCHEMA', /expected a run of schema 1, but .* has 2/);
});

test('a shard that did not finish is refused, with the command that finishes it', async (t) => {
  const { a, b, out } = await twoShards(t, {}, { unfinished: ['6.12-emulated-pipe'] });
  await refused(t, [a, b], out, 'SHARD_UNFINISHED', /it has no outcome of 6\.12-emulated-pipe$/);
  const error = await t.throwsAsync(merge([a, b], out));
  t.regex((error as { next?: string } | undefined)?.next ?? '', /^npx ringcross run --resume .*b$/);
});

test('a folder that is no run is refused, and so is a run that does not say its plan', async (t) => {
  const { folder, a, out } = await twoShards(t);
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await refused(t, [a, empty], out, 'RUN_FOLDER', /manifest\.json cannot be read: ENOENT/);
  await refused(t, [a, join(folder, 'none')], out, 'RUN_FOLDER', /cannot be read: ENOENT/);
  await writeFile(join(empty, 'manifest.json'), '{"schema":1}');
  await refused(t, [a, empty], out, 'RUN_FOLDER', /expected a run that says what its plan was/);
});

test('a folder that is there already is not merged into', async (t) => {
  const { a, b, out } = await twoShards(t);
  await mkdir(out);
  await t.throwsAsync(merge([a, b], out), { code: 'USAGE', message: /is there already/ });
});

const damage: [
  what: string,
  file: string,
  change: (text: string) => string,
  code: string,
  message: RegExp,
][] = [
  [
    'results cut short',
    'results.json',
    (text) => text.slice(0, -50),
    'RUN_DAMAGED',
    /results\.json, but it is damaged/,
  ],
  [
    'an outcome in results',
    'results.json',
    (text) => text.replace('"outcome": "passed"', '"outcome": "failed"'),
    'RUN_DAMAGED',
    /to be what the journal beside it gives/,
  ],
  [
    'a figure in results',
    'results.json',
    (text) => text.replace(/"p50": \d+/, '"p50": 1'),
    'RUN_DAMAGED',
    /to be what the journal beside it gives/,
  ],
  [
    'an outcome in the journal',
    'journal.ndjson',
    (text) => text.replaceAll('"outcome":"passed"', '"outcome":"failed"'),
    'RUN_DAMAGED',
    /to be what the journal beside it gives/,
  ],
  [
    'what is no outcome in the journal',
    'journal.ndjson',
    (text) => text.replaceAll('"outcome":"passed"', '"outcome":"perfect"'),
    'RUN_DAMAGED',
    /expected the journals to give results/,
  ],
  [
    'a line of the journal',
    'journal.ndjson',
    (text) => text.replace('"kind":"ended"', '"kind:"ended"'),
    'RUN_DAMAGED',
    /expected an event in line \d+ of .*journal\.ndjson/,
  ],
  [
    'the journal’s last byte',
    'journal.ndjson',
    (text) => text.slice(0, -1),
    'SHARD_UNFINISHED',
    /has no outcome of/,
  ],
  [
    'a manifest cut short',
    'manifest.json',
    (text) => text.slice(0, -50),
    'RUN_DAMAGED',
    /manifest\.json, but it is damaged/,
  ],
  [
    'a time in the manifest’s plan',
    'manifest.json',
    (text) => text.replace('"ms": 100', '"ms": 101'),
    'RUN_DAMAGED',
    /to have the digest that it names/,
  ],
  [
    'the manifest’s shard',
    'manifest.json',
    (text) => text.replace('"index": 2', '"index": 0'),
    'RUN_DAMAGED',
    /expected a whole manifest/,
  ],
];

for (const [what, file, change, code, message] of damage)
  test(`damage is found: ${what}`, async (t) => {
    const { a, b, out } = await twoShards(t);
    const before = await read(b, file);
    t.not(change(before), before);
    await writeFile(join(b, file), change(before));
    await refused(t, [a, b], out, code, message);
  });

test('a journal or results that are not there are told', async (t) => {
  for (const name of ['journal.ndjson', 'results.json']) {
    const { a, b, out } = await twoShards(t);
    await rm(join(b, name));
    await refused(t, [a, b], out, 'RUN_DAMAGED', new RegExp(`${name} cannot be read: ENOENT`));
  }
});

test('samples that are missing, other than the journal’s or too many are told by name', async (t) => {
  const { a, b, out } = await twoShards(t);
  const folder = join(b, 'samples/6.12-instructions-pipe');
  const name = 'pipe-u2u-blocking-1024.send.u64';
  const whole = join(a, '../whole');
  await cp(folder, whole, { recursive: true });
  await rm(join(folder, name));
  await refused(t, [a, b], out, 'RUN_SAMPLES', /expected the samples pipe-u2u-blocking-1024\.send\.u64 in/);
  const bytes = await readFile(join(whole, name));
  bytes[0] = 1;
  await writeFile(join(folder, name), bytes);
  await refused(t, [a, b], out, 'RUN_SAMPLES', /to be the samples of the journal, but they are others/);
  await cp(whole, folder, { recursive: true });
  await writeFile(join(folder, 'more.u64'), '');
  await refused(t, [a, b], out, 'RUN_SAMPLES', /but there are more\.u64/);
  await rm(join(folder, 'more.u64'));
  await merge([a, b], out);
  t.deepEqual(await filesBelow(join(out, 'samples/6.12-instructions-pipe')), await filesBelow(whole));
});
