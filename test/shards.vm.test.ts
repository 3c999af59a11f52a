// Shards that are merged, and a run that was killed and went on: both give what one run gives, apart from times.
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ownRoot } from '../host/project.ts';
import { markdownReport } from '../host/report/markdown.ts';
import { readRun } from '../host/report/write.ts';
import { comparable, comparableJournal } from '../host/run/comparable.ts';
import { readConfigs } from '../host/run/kernel-configs.ts';
import { gone, qemuOf, waitFor } from './command.ts';
import { temporaryFolder } from './temporary.ts';

const project = join(ownRoot, 'test/shard-fixtures');

const command = (...args: string[]) =>
  execa(join(ownRoot, 'bin/ringcross'), args, { reject: false, cwd: project });

const runInto = (out: string, ...args: string[]) =>
  command('run', '--lens', 'emulated', '--out', out, ...args);

/** All that a run leaves, without times. */
const left = async (dir: string) => {
  const { results, manifest } = await readRun(dir);
  return {
    results: JSON.stringify(comparable(results)),
    manifest: JSON.stringify(comparable(manifest)),
    journal: comparableJournal(
      await readFile(join(dir, 'journal.ndjson'), 'utf8'),
      manifest.plan?.cells ?? [],
    ),
    report: markdownReport(comparable(results), comparable(manifest), await readConfigs(dir)),
    samples: (await readdir(join(dir, 'samples'), { recursive: true })).sort(),
    consoles: (await readdir(join(dir, 'console'))).sort(),
  };
};

/** One run of the whole plan, which the others are compared with. */
const whole = (async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-test-'));
  const { exitCode, stderr } = await runInto(join(folder, 'one'));
  return { folder, exitCode, stderr, left: exitCode === 1 ? await left(join(folder, 'one')) : null };
})();
whole.catch(() => {});
test.after.always(async () => rm((await whole).folder, { recursive: true }));

test.serial('one run: a cell that fails, one that passes, one that is skipped', async (t) => {
  const { folder, exitCode, stderr } = await whole;
  t.is(exitCode, 1, stderr);
  const { results } = await readRun(join(folder, 'one'));
  t.deepEqual(
    results.cells.map(({ spec, outcome }) => [spec, outcome]),
    [
      ['fails', 'failed'],
      ['figure', 'passed'],
      ['skipped', 'skipped'],
    ],
  );
});

test.serial('two shards merged are one run; what is missing or tampered with is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const [first, second, out] = [join(folder, '1'), join(folder, '2'), join(folder, 'merged')];
  const ran = [
    await runInto(first, '--shard', '1/2', '--json'),
    await runInto(second, '--shard', '2/2', '--json'),
  ];
  const shares = ran.map(({ stdout }) => JSON.parse(stdout).cells.length);
  t.deepEqual(shares.toSorted(), [1, 2]);
  t.regex(ran[0]?.stderr ?? '', /^plan: 3 cells: 3 specs, 1 lens\nshard 1\/2: \d of 3 cells/m);

  const missing = await command('merge', '--out', out, first);
  t.is(missing.exitCode, 2);
  t.regex(missing.stderr, /^ringcross: SHARD_MISSING: expected all 2 shards, but there is no 2\/2$/m);

  const tampered = join(folder, 'tampered');
  await cp(second, tampered, { recursive: true });
  const results = await readFile(join(second, 'results.json'), 'utf8');
  await writeFile(join(tampered, 'results.json'), results.replace(/"title": "/, '"title": "not '));
  const refused = await command('merge', '--out', out, first, tampered);
  t.is(refused.exitCode, 3);
  t.regex(refused.stderr, /^ringcross: RUN_DAMAGED: expected .*results\.json to be what the journal/m);

  const merged = await command('merge', '--out', out, second, first);
  t.is(merged.exitCode, 1, merged.stderr);
  t.regex(merged.stdout, /^\| all 3 /m);
  t.deepEqual(await left(out), (await whole).left);
});

test.serial('a run that is killed goes on where it was, and gives the same', async (t) => {
  const folder = await temporaryFolder(t);
  const killed = join(folder, 'killed');
  const journal = join(killed, 'journal.ndjson');
  const child = runInto(killed, '--jobs', '1');
  t.teardown(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const text = () => readFile(journal, 'utf8').catch(() => '');
  // In the middle of the second cell that has a guest.
  await waitFor('the second cell', 240_000, async () =>
    /"cell":"6\.12-emulated-figure","kind":"message"/.test(await text()) ? true : null,
  );
  const guest = await qemuOf(pid);
  child.kill('SIGKILL');
  await child;
  if (guest !== null) await waitFor('the guest to end', 10_000, () => gone(guest));
  const before = await text();
  t.notRegex(before, /"cell":"6\.12-emulated-figure","kind":"outcome"/);
  const unfinished = await command('merge', '--out', join(folder, 'none'), killed);
  t.regex(unfinished.stderr, /^ringcross: SHARD_UNFINISHED: .*6\.12-emulated-figure/m);
  t.regex(unfinished.stderr, /^next: npx ringcross run --resume /m);

  // As if the host had died within a write.
  await appendFile(journal, '{"at":"20');
  const resumed = await command('run', '--resume', killed);
  t.is(resumed.exitCode, 1, resumed.stderr);
  t.regex(resumed.stderr, /^the journal's last line was cut short when the run died: 9 bytes removed$/m);
  t.regex(resumed.stderr, /^1 of 3 cells have an outcome already$/m);
  t.notRegex(resumed.stderr, /^6\.12-emulated-fails: /m);
  t.true((await text()).startsWith(before), 'the journal was appended to and not rewritten');
  t.deepEqual(await left(killed), (await whole).left);

  const again = await command('run', '--resume', killed, '--json');
  t.is(again.exitCode, 1);
  t.regex(again.stderr, /^3 of 3 cells have an outcome already$/m);
  t.is(JSON.parse(again.stdout).cells.length, 3);
  t.deepEqual(await left(killed), (await whole).left);
});

test.serial(
  'an interrupted run tells the command that goes on with it, and goes on only while nothing has changed',
  async (t) => {
    const folder = await temporaryFolder(t);
    const copy = join(folder, 'project');
    const config = await readFile(join(project, 'ringcross.config.ts'), 'utf8');
    await cp(project, copy, { recursive: true });
    await writeFile(join(copy, 'ringcross.config.ts'), config.replace('../../host', join(ownRoot, 'host')));
    const out = join(folder, 'run');
    const here = { cwd: copy, reject: false } as const;
    const child = execa(join(ownRoot, 'bin/ringcross'), ['run', '--lens', 'emulated', '--out', out], here);
    t.teardown(() => void child.kill('SIGKILL'));
    await waitFor('the first cell', 240_000, async () =>
      (await readFile(join(out, 'journal.ndjson'), 'utf8').catch(() => '')).includes('"kind":"begin"')
        ? true
        : null,
    );
    child.kill('SIGINT');
    const { stderr, exitCode } = await child;
    t.is(exitCode, 130);
    t.regex(stderr, /^to go on with what is left: npx ringcross run --resume \.\.\/run$/m);

    const spec = join(copy, 'specs/fails.spec.ts');
    await writeFile(spec, (await readFile(spec, 'utf8')).replace('one is not two', 'one is one'));
    const resume = () => execa(join(ownRoot, 'bin/ringcross'), ['run', '--resume', '../run'], here);
    const changed = await resume();
    t.is(changed.exitCode, 2);
    t.regex(changed.stderr, /^ringcross: RUN_PLAN_CHANGED: /m);
    t.regex(changed.stderr, /^spec fails \(or its modules\): it was [\da-f]{12}, and now is [\da-f]{12}$/m);
    await rm(spec);
    t.regex((await resume()).stderr, /^spec fails: it is gone$/m);
  },
);
