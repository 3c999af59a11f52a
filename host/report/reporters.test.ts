import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../../test/temporary.ts';
import { chooseReporters, parseReporter, report } from './reporters.ts';
import { findPlaces } from './source-places.ts';
import { readRun } from './write.ts';

const mixed = await readRun(join(import.meta.dirname, 'fixtures/mixed-run'));

test('a reporter is a word, and a file where it writes one', (t) => {
  t.deepEqual(parseReporter('ktap'), { name: 'ktap', path: null });
  t.deepEqual(parseReporter('junit=/out/a=b.xml'), { name: 'junit', path: '/out/a=b.xml' });
  t.deepEqual(parseReporter('ktap=out.ktap'), { name: 'ktap', path: join(process.cwd(), 'out.ktap') });
  t.deepEqual(parseReporter('github'), { name: 'github' });
  t.is(parseReporter('none'), 'none');
  for (const wrong of ['tap', 'github=file', 'none=file', 'ktap=', '', 'ktap,junit'])
    t.throws(() => parseReporter(wrong), {
      code: 'USAGE',
      message: /ktap\[=FILE\], junit\[=FILE\], github, none/,
    });
});

test("in GitHub Actions its reporter is on by itself, once, and 'none' turns it off", (t) => {
  const [ktap, github] = [parseReporter('ktap'), parseReporter('github')];
  const inGithub = { GITHUB_ACTIONS: 'true' };
  t.deepEqual(chooseReporters([], {}), []);
  t.deepEqual(chooseReporters([ktap, ktap], {}), [{ name: 'ktap', path: null }]);
  t.deepEqual(chooseReporters([ktap], inGithub), [{ name: 'ktap', path: null }, { name: 'github' }]);
  t.deepEqual(chooseReporters([github], inGithub), [{ name: 'github' }]);
  t.deepEqual(chooseReporters(['none'], inGithub), []);
  t.throws(() => chooseReporters(['none', ktap], inGithub), { code: 'USAGE' });
});

test('files go into the run or where they are asked for, and one that cannot be written stops no other', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), '');
  const lines: string[] = [];
  const errors = await report(
    folder,
    mixed,
    [
      { name: 'junit', path: join(folder, 'file/below-a-file.xml') },
      { name: 'ktap', path: null },
      { name: 'junit', path: join(folder, 'new/junit.xml') },
    ],
    {},
    (line) => lines.push(line),
  );
  t.deepEqual(
    errors.map(({ code }) => code),
    ['REPORT_WRITE'],
  );
  t.regex(errors[0]?.message ?? '', /reporter junit .*EEXIST/);
  t.regex(await readFile(join(folder, 'report/report.ktap'), 'utf8'), /^KTAP version 1\n/);
  t.regex(await readFile(join(folder, 'new/junit.xml'), 'utf8'), /^<\?xml /);
  t.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['ktap', 'junit'],
  );
});

test('the summary is added to what the step has, within the limit of its file; annotations are printed', async (t) => {
  const file = join(await temporaryFolder(t), 'summary.md');
  const before = `${'x'.repeat(1024 * 1024 - 5000)}\n`;
  await writeFile(file, before);
  const lines: string[] = [];
  const environment = { GITHUB_STEP_SUMMARY: file };
  const errors = await report('', mixed, [{ name: 'github' }], environment, (line) => lines.push(line));
  t.deepEqual(errors, []);
  t.true(lines.length > 0 && lines.every((line) => line.startsWith('::error ')));
  const text = await readFile(file, 'utf8');
  t.true(text.startsWith(before));
  t.true(Buffer.byteLength(text) <= 1024 * 1024);
  t.regex(text, /more failures: there is no room here/);
});

test('a project is placed in its repository by the nearest .git above it', async (t) => {
  const folder = await temporaryFolder(t);
  const project = join(folder, 'drivers/tests');
  await mkdir(join(project, 'deeper'), { recursive: true });
  t.deepEqual(await findPlaces(project), { project: '', specs: null });
  await writeFile(
    join(project, 'ringcross.config.ts'),
    "export default { kernels: ['x'], specs: 'my/specs' };\n",
  );
  t.deepEqual(await findPlaces(join(project, 'deeper')), { project: '', specs: 'my/specs' });
  await mkdir(join(folder, '.git'));
  t.deepEqual(await findPlaces(join(project, 'deeper')), { project: 'drivers/tests', specs: 'my/specs' });
});
