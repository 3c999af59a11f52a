// Pages that are made from code, or checked against it.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ownRoot } from '../host/project.ts';
import { groupsOf } from '../host/report/groups.ts';
import { reliabilitySections } from '../host/report/reliability-sections.ts';
import { repetitionSection } from '../host/report/repeat.ts';
import { surveySections } from '../host/report/sections.ts';
import { readRun } from '../host/report/write.ts';
import { resultsJsonSchema } from '../host/run/results.ts';
import { errorTable } from '../vm/errors.ts';
import { temporaryFolder } from './temporary.ts';

const doc = (name: string) => readFile(join(ownRoot, 'docs', name), 'utf8');

test('docs/errors.md lists every code with its status, and no other', async (t) => {
  const rows = [...(await doc('errors.md')).matchAll(/^\| `([A-Z_]+)` +\| (\d) +\| (.*?) +\|$/gm)];
  t.deepEqual(
    Object.fromEntries(rows.map(([, code, exit, meaning]) => [code, { exit: Number(exit), meaning }])),
    errorTable,
  );
});

test('docs/results.schema.json is the schema that results are checked against', async (t) => {
  t.deepEqual(JSON.parse(await doc('results.schema.json')), JSON.parse(JSON.stringify(resultsJsonSchema())));
});

test('docs/results.md has the tables and notes that the tool makes now, and no path of a machine', async (t) => {
  const page = await doc('results.md');
  const lens = { lens: 'instructions', unit: 'instructions' } as const;
  const empty = { kernel: '', release: '', ...lens, cases: [], findings: [], accounts: [] };
  const made = surveySections(empty, 'full').join('\n').split('\n');
  for (const line of made.filter((one) => /^(### |- )/.test(one)))
    t.true(page.includes(`\n${line}\n`), `expected "${line}": make the page again with npm run study`);
  const [repetition] = repetitionSection([]).split('\n');
  t.true(page.includes(`\n${repetition}\n`), 'expected what a second run gave: npm run study');
  t.notRegex(page, /\/(home|root|tmp)\//);
});

test('docs/reliability.md has the sections and notes that the tool makes now, and no path of a machine', async (t) => {
  const page = await doc('reliability.md');
  // A run with something for each section.
  const { results } = await readRun(join(ownRoot, 'host/report/fixtures/reliable-run'));
  const made = groupsOf(results).flatMap((group) =>
    reliabilitySections(group, 'full').join('\n').split('\n'),
  );
  for (const line of made.filter((one) => /^(### |- )/.test(one)))
    t.true(page.includes(`\n${line}\n`), `expected "${line}": make the page again with npm run study`);
  t.notRegex(page, /\/(home|root|tmp)\//);
});

test('the lock file holds no download addresses', async (t) => {
  t.notRegex(await readFile(join(ownRoot, 'package-lock.json'), 'utf8'), /"resolved": "http/);
});

test('the linter refuses an import across a boundary, and lets those of the table pass', async (t) => {
  // A tree of its own with our rules: nothing is written into the project's.
  const tree = await temporaryFolder(t);
  await copyFile(join(ownRoot, 'biome.json'), join(tree, 'biome.json'));
  const refuses = async (where: string, from: string): Promise<boolean> => {
    await mkdir(join(tree, dirname(where)), { recursive: true });
    await writeFile(join(tree, where), `import { x } from '${from}';\n\nexport const y = x;\n`);
    const { stdout, stderr } = await execa('biome', ['lint', '--vcs-enabled=false', where], {
      cwd: tree,
      localDir: ownRoot,
      preferLocal: true,
      reject: false,
    });
    return (stdout + stderr).includes('noRestrictedImports');
  };
  for (const [where, from] of [
    ['vm/x.ts', '../host/plan.ts'],
    ['vm/x.ts', '../guest/measure.ts'],
    ['host/x.ts', '../guest/measure.ts'],
    ['host/run/x.ts', '../../ci/test.ts'],
    ['guest/x.ts', '../vm/errors.ts'],
    ['guest/agent/x.ts', '../../host/plan.ts'],
    ['specs/x.spec.ts', '../host/plan.ts'],
  ] as const)
    t.true(await refuses(where, from), `${where} imports ${from}`);
  for (const [where, from] of [
    ['vm/x.ts', '../guest/protocol/messages.ts'],
    ['host/x.ts', '../vm/errors.ts'],
    ['host/run/x.ts', '../../guest/protocol/messages.ts'],
    ['specs/x.spec.ts', 'ringcross/guest'],
  ] as const)
    t.false(await refuses(where, from), `${where} imports ${from}`);
});
