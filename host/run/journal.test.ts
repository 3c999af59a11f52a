import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { cellBegins, journalLines, mendJournal, openJournal, readJournal } from './journal.ts';

const line = (cell: string | null, kind: string, more = {}): string =>
  `${JSON.stringify({ at: 'now', cell, kind, ...more })}\n`;

const linesOf = (text: string) => journalLines(Buffer.from(text), 'journal');

test('events are kept by cell, in their order', (t) => {
  const text = [
    line(null, 'plan'),
    line('a', 'begin'),
    line('b', 'begin'),
    line('a', 'x'),
    line('b', 'y'),
  ].join('');
  const { cells, plan, cut } = linesOf(text);
  t.is(`${plan}\n`, line(null, 'plan'));
  t.deepEqual(
    [...cells].map(([cell, lines]) => [cell, lines.map((one) => JSON.parse(`${one}`).kind)]),
    [
      ['a', ['begin', 'x']],
      ['b', ['begin', 'y']],
    ],
  );
  t.is(cut, 0);
});

test('what a cell said before it was begun again counts no more', (t) => {
  const { cells } = linesOf(
    [line('a', 'begin'), line('a', 'x'), line(null, 'resumed'), line('a', 'begin')].join(''),
  );
  t.deepEqual(
    cells.get('a')?.map((one) => JSON.parse(`${one}`).kind),
    ['begin'],
  );
});

test('a line that was cut short is no event, and is cut off', async (t) => {
  const path = join(await temporaryFolder(t), 'journal');
  const whole = line('a', 'begin', { text: 'ü' });
  for (const cut of [1, 5, Buffer.byteLength(whole) - 1]) {
    await writeFile(path, Buffer.concat([Buffer.from(whole), Buffer.from(whole).subarray(0, cut)]));
    const lines = await readJournal(path);
    t.is(await mendJournal(path, lines), cut);
    t.is(lines.cells.get('a')?.length, 1);
    t.is(await readFile(path, 'utf8'), whole);
  }
  t.is(await mendJournal(path, await readJournal(path)), 0);
  t.is(await readFile(path, 'utf8'), whole);
});

test('a whole line that is no event is told by its number', (t) => {
  for (const wrong of ['', 'null', '{}', '{"kind":"x"}', '{"kind":1,"cell":"a"}', '{"kind":"x","cell":1}'])
    t.throws(
      () => linesOf(`${line('a', 'begin')}${wrong}\n`),
      { code: 'RUN_DAMAGED', message: /line 2 of journal/ },
      wrong,
    );
});

test('what is appended is what is read', async (t) => {
  const path = join(await temporaryFolder(t), 'journal');
  for (const kind of ['x', 'y']) {
    using journal = openJournal(path);
    journal.append('a', kind === 'x' ? cellBegins : { kind });
  }
  t.is((await readJournal(path)).cells.get('a')?.length, 2);
});
