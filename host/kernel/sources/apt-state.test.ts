import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { prepareAptState } from './apt-state.ts';

test('what apt makes of the private configuration', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-apt-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { configFile } = await prepareAptState(folder, 'deb http://a.example/ trixie main\n');
  const { stdout } = await execa('apt-config', ['-c', configFile, 'dump']);
  const targets = stdout.match(/^Acquire::IndexTargets::\S+::MetaKey/gm);
  t.deepEqual(targets, ['Acquire::IndexTargets::deb::Packages::MetaKey']);
  t.notRegex(stdout, /^APT::Update::/m);
  const { stdout: uris } = await execa('apt-get', ['-c', configFile, 'update', '--print-uris']);
  t.deepEqual(new Set(uris.match(/http:\/\/[^/]+\//g)), new Set(['http://a.example/']));
  t.true(stdout.includes(`Dir::State::lists "${folder}/lists/"`));
});
