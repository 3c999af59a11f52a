import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { madeUpPlan, writeMadeUpRun } from './fixtures/made-up-run.ts';
import { readJournal } from './journal.ts';
import { keepCell, recordOf, removeSamples } from './record.ts';
import { resultsSchema } from './results.ts';

const [cell] = madeUpPlan().cells.filter((one) => one.cell === '6.12-instructions-pipe');
if (cell === undefined) throw new Error('the made-up plan has no such cell');

test('a cell’s lines give its result and its samples again', async (t) => {
  const folder = await temporaryFolder(t);
  const [run, again] = [join(folder, 'run'), join(folder, 'again')];
  await writeMadeUpRun(run);
  const lines = (await readJournal(join(run, 'journal.ndjson'))).cells.get(cell.cell) ?? [];
  const record = recordOf(cell, lines);
  if (record === null) return t.fail('it has an outcome');
  const results = resultsSchema.parse(JSON.parse(await readFile(join(run, 'results.json'), 'utf8')));
  t.deepEqual(
    await keepCell(record, again),
    results.cells.find(({ kernel, lens, spec }) => `${kernel}-${lens}-${spec}` === cell.cell),
  );
  t.deepEqual((await readdir(join(again, 'samples', cell.cell))).sort(), [
    'pipe-u2u-blocking-1024.receive.u64',
    'pipe-u2u-blocking-1024.send.u64',
  ]);
  await removeSamples(again, cell.cell);
  t.deepEqual(await readdir(join(again, 'samples')), []);
});

test('a cell without an outcome has no record', async (t) => {
  const run = join(await temporaryFolder(t), 'run');
  await writeMadeUpRun(run, { unfinished: [cell.cell] });
  const { cells } = await readJournal(join(run, 'journal.ndjson'));
  t.is(recordOf(cell, cells.get(cell.cell) ?? []), null);
  t.is(recordOf(cell, []), null);
});

test('samples that are none fail the cell, and say so', async (t) => {
  const run = join(await temporaryFolder(t), 'run');
  await writeMadeUpRun(run);
  const lines = (await readJournal(join(run, 'journal.ndjson'))).cells.get(cell.cell) ?? [];
  const record = recordOf(
    cell,
    lines.map((line) => Buffer.from(`${line}`.replace(/"send":"[^"]+"/, '"send":"AAAA"'))),
  );
  if (record === null) return t.fail('it has an outcome');
  const { outcome, cases, reason } = await keepCell(record, run);
  t.is(outcome, 'infrastructure');
  t.deepEqual(cases, []);
  t.regex(reason ?? '', /^bug: /);
});
