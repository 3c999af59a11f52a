// Makes a fresh machine able to run the rest: system packages, node_modules, the pinned node.
// Plain JavaScript without dependencies, for whatever Node (20 or later) the machine has. Never prompts.
import { spawnSync } from 'node:child_process';
import { accessSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installers, systemPackages } from './system-packages.mjs';

// Not import.meta.dirname: a Node before 20.11 must come as far as the sentence that refuses it.
const self = fileURLToPath(import.meta.url);
const root = join(dirname(self), '..');
const broken = 3;

/** Everything that is looked at, in order; each part returns quickly where nothing is to be done. */
export const bootstrap = () => {
  checkHost();
  installSystemPackages();
  installNodeModules();
  linkCommand();
};

const checkHost = () => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    fail(`ringcross measures Linux on x86_64; this host is ${process.platform} on ${process.arch}.`);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11))
    fail(`ringcross needs Node 20.11 or later to set itself up; this is ${process.version}.`);
};

/** What of the table this host lacks. */
export const missingPackages = () => systemPackages.filter(({ need }) => !isPresent(need));

/** The one command that brings the packages, for a family of distributions; without sudo. */
export const installCommand = (missing, family = familyOf(readOsRelease())) => {
  const names = [...new Set(missing.map((entry) => entry[family]))].sort();
  return `${installers[family]} ${names.join(' ')}`;
};

/** Debian's names where the family is unknown: the message then at least says what is wanted. */
export const familyOf = (osRelease) => {
  const words = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, value]) =>
    value.split(' '),
  );
  if (words.some((word) => ['fedora', 'rhel', 'centos'].includes(word))) return 'fedora';
  return words.includes('arch') ? 'arch' : 'debian';
};

const installSystemPackages = () => {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const command = installCommand(missing);
  const looked = missing.map(({ need }) => need).join(', ');
  if (!command.startsWith('apt-get') || !isPresent('apt-get'))
    fail(`Missing on this host: ${looked}.\nInstall them with:\n  sudo ${command}`);
  const asRoot = rootPrefix();
  if (!asRoot) fail(`Missing on this host: ${looked}.\nInstall them with:\n  sudo ${command}`);
  say(`installing ${command.split(' ').slice(4).join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    run([...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], environment);
  apt('-qq', '-o', 'Acquire::Languages=none', 'update');
  apt('-qq', ...command.split(' ').slice(1));
  const still = missingPackages().map(({ need }) => need);
  if (still.length > 0) fail(`Still missing after ${command}: ${still.join(', ')}.`);
};

/** What makes a command root's, or null: sudo may ask for a password only where somebody can type one. */
const rootPrefix = () => {
  if (process.getuid?.() === 0) return [];
  if (!isPresent('sudo')) return null;
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  return process.stdin.isTTY ? ['sudo'] : null;
};

/** npm writes what it installed into node_modules/.package-lock.json: where that is not the lock file's, install. */
const installNodeModules = () => {
  if (installedMatchesLock(readJson('package-lock.json'), readJson('node_modules/.package-lock.json')))
    return;
  say('installing the packages of package-lock.json');
  // Without scripts: the only ones would compile optional parts of ssh2 that are not used.
  run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], process.env);
};

/** Whether every package of the lock that this platform takes is installed in its version. */
export const installedMatchesLock = (lock, installed) => {
  if (!lock || !installed) return false;
  const wanted = Object.entries(lock.packages).filter(([path, { optional }]) => path !== '' && !optional);
  return (
    wanted.every(([path, { version }]) => installed.packages[path]?.version === version) &&
    Object.entries(installed.packages).every(
      ([path, { version }]) => lock.packages[path]?.version === version,
    )
  );
};

// `npx ringcross` from the clone's root finds the command where it finds those of dependencies.
const linkCommand = () => {
  const link = join(root, 'node_modules/.bin/ringcross');
  if (lstatSync(link, { throwIfNoEntry: false })) return;
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  symlinkSync('../../bin/ringcross', link);
};

const isPresent = (need) => {
  if (need.startsWith('/')) return existsSync(need) || existsSync(multiarch(need));
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, need), 1);
      return true;
    } catch {
      return false;
    }
  });
};

// Debian keeps some headers in a folder of the architecture.
const multiarch = (path) => path.replace('/usr/include/', '/usr/include/x86_64-linux-gnu/');

const readOsRelease = () => {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
};

const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return null;
  }
};

const run = ([program, ...args], env) => {
  // Standard output belongs to results; what installers say goes to the error stream.
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env,
    stdio: [process.stdin.isTTY ? 0 : 'ignore', 2, 2],
  });
  if (error) fail(`${program} cannot be started: ${error.message}`);
  if (status !== 0) fail(`${[program, ...args].join(' ')} ended with status ${status}.`);
};

const say = (text) => process.stderr.write(`ringcross: ${text}\n`);

const fail = (text) => {
  process.stderr.write(`ringcross: ${text}\n`);
  process.exit(broken);
};

/** For `ringcross doctor`: what is missing and what mends it, as JSON, changing nothing. */
const check = () => {
  const missing = missingPackages();
  const command = missing.length > 0 ? `sudo ${installCommand(missing)}` : null;
  process.stdout.write(`${JSON.stringify({ missing: missing.map(({ need }) => need), command })}\n`);
};

const parts = { '--check': check, '--packages': installSystemPackages };

if (process.argv[1] === self) (parts[process.argv[2]] ?? bootstrap)();
