// `ringcross report` on a folder that a run left.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ownRoot } from '../host/project.ts';
import { ringcross } from './command.ts';
import { temporaryFolder } from './temporary.ts';

const fixtures = join(ownRoot, 'host/report/fixtures');
const small = join(fixtures, 'small-run');

test('the tables go to standard output, the report into the folder and the page where it was asked for', async (t) => {
  const folder = await temporaryFolder(t);
  const run = join(folder, 'run');
  const page = join(folder, 'docs/results.md');
  await cp(small, run, { recursive: true });
  const { exitCode, stdout, stderr } = await ringcross(['report', run, '--page', page]);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^### Table 5 of the survey/m);
  t.regex(await readFile(join(run, 'report/report.md'), 'utf8'), /^## Environment$/m);
  t.regex(await readFile(page, 'utf8'), /^# Results\n/);
  t.true(stderr.endsWith(`page: ${page}`));
});

test('the page of reliability is written where it was asked for, and refused for a run that says nothing of it', async (t) => {
  const folder = await temporaryFolder(t);
  const [reliable, silent] = [join(folder, 'reliable'), join(folder, 'silent')];
  await cp(join(fixtures, 'reliable-run'), reliable, { recursive: true });
  await cp(small, silent, { recursive: true });
  const page = join(folder, 'docs/reliability.md');
  const told = await ringcross(['report', reliable, '--reliability', page]);
  t.is(told.exitCode, 0, told.stderr);
  t.regex(await readFile(page, 'utf8'), /^# Reliability\n/);
  t.true(told.stderr.endsWith(`page: ${page}`));
  const { exitCode, stderr } = await ringcross(['report', silent, '--reliability', join(folder, 'none.md')]);
  t.is(exitCode, 2);
  t.regex(stderr, /^ringcross: USAGE: .*neither an account nor a finding/m);
});

test('results in which figures of two lenses meet are refused', async (t) => {
  const run = join(await temporaryFolder(t), 'run');
  await cp(small, run, { recursive: true });
  const results = await readFile(join(run, 'results.json'), 'utf8');
  await writeFile(join(run, 'results.json'), results.replace('"unit": "instructions"', '"unit": "cycles"'));
  const { exitCode, stdout, stderr } = await ringcross(['report', run]);
  t.is(exitCode, 2);
  t.is(stdout, '');
  t.regex(stderr, /^ringcross: USAGE: .*do not share a table/);
});

test('other formats are written where they are asked for; one that cannot be is told by the status, and stops no other', async (t) => {
  const run = join(await temporaryFolder(t), 'run');
  await cp(join(fixtures, 'mixed-run'), run, { recursive: true });
  const asked = ['ktap', `junit=${run}/results.json/below-a-file.xml`, 'github'];
  const { exitCode, stdout, stderr } = await ringcross([
    'report',
    run,
    ...asked.flatMap((reporter) => ['--reporter', reporter]),
  ]);
  t.is(exitCode, 3);
  t.regex(stderr, /^ringcross: REPORT_WRITE: .*junit.*EEXIST/m);
  t.regex(await readFile(join(run, 'report/report.ktap'), 'utf8'), /^not ok 2 6\.12-emulated-fails$/m);
  // Standard output is for results: a runner of GitHub's reads commands from both.
  t.regex(stderr, /^::error file=specs\/fails\.spec\.ts,line=9,/m);
  t.notRegex(stdout, /::error/);
});

test('a reporter that is none is refused before anything is done', async (t) => {
  const { exitCode, stderr } = await ringcross(['report', small, '--reporter', 'tap']);
  t.is(exitCode, 2);
  t.regex(stderr, /^ringcross: USAGE: expected a reporter, one of ktap\[=FILE\]/m);
});
