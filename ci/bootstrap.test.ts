import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { temporaryFolder } from '../test/temporary.ts';
import { familyOf, installCommand, installedMatchesLock } from './bootstrap.mjs';
import { systemPackages } from './system-packages.mjs';

const bootstrap = join(import.meta.dirname, 'bootstrap.mjs');

test('a distribution is known by its id or by what it is like', (t) => {
  t.is(familyOf('ID=debian\n'), 'debian');
  t.is(familyOf('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), 'debian');
  t.is(familyOf('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'), 'fedora');
  t.is(familyOf('ID=endeavouros\nID_LIKE=arch\n'), 'arch');
  t.is(familyOf(''), 'debian');
});

test('one command names each package once', (t) => {
  const twice = systemPackages.filter(({ debian }) => debian === 'util-linux');
  t.true(twice.length > 1);
  t.is(installCommand(twice, 'debian'), 'apt-get install -y --no-install-recommends util-linux');
  t.is(installCommand(systemPackages.slice(0, 1), 'arch'), 'pacman -S --needed gcc');
});

test('every package has a name in every family', (t) => {
  for (const { need, debian, fedora, arch } of systemPackages)
    for (const name of [debian, fedora, arch]) t.regex(name, /^[a-z0-9][a-z0-9.+-]+$/, need);
});

const lock = {
  packages: {
    '': { version: '0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
};

test('what is installed is the lock file’s, or it is installed again', (t) => {
  const installed = (packages: object) => installedMatchesLock(lock, { packages });
  t.true(installed({ 'node_modules/a': { version: '1.0.0' } }));
  t.true(installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } }));
  t.false(installed({ 'node_modules/a': { version: '1.0.1' } }), 'another version');
  t.false(installed({ 'node_modules/b': { version: '2.0.0' } }), 'one is missing');
  t.false(
    installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } }),
    'one too many',
  );
  t.false(installedMatchesLock(lock, null));
});

test('a host that lacks packages and cannot install them gets the one command, and status 3', async (t) => {
  // A PATH with nothing but node: everything is missing, and there is neither apt nor sudo.
  const empty = await temporaryFolder(t);
  const { exitCode, stderr } = await execa(process.execPath, [bootstrap], {
    reject: false,
    env: { PATH: empty },
    extendEnv: false,
  });
  t.is(exitCode, 3);
  t.regex(stderr, /Missing on this host: gcc, /);
  t.regex(stderr, /^ {2}sudo (apt-get|dnf|pacman) .*\bgcc\b/m);
});

test('a second start finds everything there and changes nothing', async (t) => {
  const started = performance.now();
  const { exitCode, stderr } = await execa(process.execPath, [bootstrap]);
  t.is(exitCode, 0);
  t.is(stderr, '');
  t.log(`${Math.round(performance.now() - started)} ms`);
});
