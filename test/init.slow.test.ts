// The way of somebody with modules of their own: ringcross as a package, a project of `ringcross init`, and its first run.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ownRoot } from '../host/project.ts';
import { readRun } from '../host/report/write.ts';
import { temporaryFolder } from './temporary.ts';

/** A step that takes longer waits for something that does not come: a registry, a guest. */
const stepDeadlineMs = 8 * 60_000;

test('a project in an empty folder, with ringcross as an installed package, passes on the default kernel', async (t) => {
  const folder = await temporaryFolder(t);
  const inFolder = (program: string, ...args: string[]) =>
    execa(program, args, { cwd: folder, reject: false, all: true, timeout: stepDeadlineMs });
  const works = async (program: string, ...args: string[]): Promise<string> => {
    const { exitCode, all, stdout } = await inFolder(program, ...args);
    t.is(exitCode, 0, `${[program, ...args].join(' ')}\n${all}`);
    return stdout;
  };
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];

  const packed = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ownRoot });
  const [tarball] = JSON.parse(packed.stdout) as { filename: string }[];
  await works('npm', ...install, `./${tarball?.filename}`);
  t.deepEqual(
    (await readdir(folder)).filter((name) => !name.endsWith('.tgz')),
    ['node_modules', 'package-lock.json', 'package.json'],
  );

  const written = (await works('npx', 'ringcross', 'init')).split('\n');
  t.true(written.includes('specs/postbox.spec.ts'), written.join());
  await works('npm', ...install);
  await works('npx', 'tsc');
  t.regex(await works('npx', 'ringcross', 'doctor'), /^packages: all there$/m);

  await works('npx', 'ringcross', 'run', '--lens', 'instructions', '--out', 'runs/first');
  const { results, manifest } = await readRun(join(folder, 'runs/first'));
  t.is(manifest.ringcross.commit, null, 'a package has no commit of its own');
  t.deepEqual(
    results.cells.map(({ kernel, spec, outcome }) => ({ kernel, spec, outcome })),
    [{ kernel: '6.12', spec: 'postbox', outcome: 'passed' }],
  );
  const cases = results.cells.flatMap((cell) => cell.cases);
  t.is(cases.length, 8);
  for (const { mechanism, direction, unit, send, receive } of cases) {
    t.is(mechanism, 'postbox');
    t.is(unit, 'instructions');
    const timed = direction === 'u2k' ? send : receive;
    t.true(timed !== null && timed.min > 0 && timed.n > 0);
  }

  const config = await readFile(join(folder, 'ringcross.config.ts'), 'utf8');
  const again = await inFolder('npx', 'ringcross', 'init', '--name', 'postbox');
  t.is(again.exitCode, 2);
  t.regex(again.stderr, /INIT_EXISTS: .*ringcross\.config\.ts.*specs\/postbox\.spec\.ts/);
  t.is(await readFile(join(folder, 'ringcross.config.ts'), 'utf8'), config);
});
