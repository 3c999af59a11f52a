import test from 'ava';
import { type AddFlags, kernelOfFlags } from './kernel-add.ts';

const places = { cwd: '/home/me/project/src', configFolder: '/home/me/project/kernel-config' };

const understood: [title: string, flags: AddFlags, kernel: object][] = [
  [
    'a package',
    { debian: 'linux-source-6.1', suite: ['bookworm', 'bookworm-security'] },
    { source: { kind: 'debian', package: 'linux-source-6.1', suites: ['bookworm', 'bookworm-security'] } },
  ],
  [
    'a kernel as shipped',
    { image: 'linux-image-cloud-amd64', suite: ['bookworm'] },
    { source: { kind: 'image', package: 'linux-image-cloud-amd64', suites: ['bookworm'] } },
  ],
  [
    'a series',
    { 'kernel.org': '6.12' },
    { source: { kind: 'kernel.org', series: '6.12' }, wanted: undefined },
  ],
  [
    'a release of a mirror',
    { 'kernel.org': '6.12.50', mirror: 'https://example.org/' },
    { source: { kind: 'kernel.org', series: '6.12', mirror: 'https://example.org/' }, wanted: '6.12.50' },
  ],
  [
    'a repository by URL',
    { git: 'https://example.org/linux.git', ref: 'main' },
    { source: { kind: 'git', url: 'https://example.org/linux.git', ref: 'main' } },
  ],
  [
    'a repository by a path from here',
    { git: '../linux', ref: 'v6.12' },
    { source: { kind: 'git', url: '../linux', ref: 'v6.12' } },
  ],
  ['a working tree', { dir: '../../linux' }, { source: { kind: 'dir', path: '../../linux' } }],
  ['a working tree by a whole path', { dir: '/srv/linux' }, { source: { kind: 'dir', path: '/srv/linux' } }],
];

for (const [title, flags, kernel] of understood)
  test(`${title}`, (t) => t.deepEqual(kernelOfFlags('x', flags, places), { name: 'x', ...kernel } as never));

const refused: [title: string, flags: AddFlags, message: RegExp][] = [
  ['no source', {}, /one of --debian, --image, --kernel\.org, --git and --dir, got none/],
  ['two sources', { dir: '.', git: '.', ref: 'x' }, /got 2/],
  ['no suite', { debian: 'linux-source-6.1' }, /at least one --suite/],
  ['no suite of an image', { image: 'linux-image-amd64' }, /at least one --suite with --image/],
  ['no ref', { git: '.' }, /--ref with --git/],
  ['a suite of no package', { dir: '.', suite: ['sid'] }, /--suite only with --debian or --image/],
  ['a mirror of no release', { dir: '.', mirror: 'x' }, /--mirror only with --kernel\.org/],
];

for (const [title, flags, message] of refused)
  test(`${title} is told`, (t) => {
    t.throws(() => kernelOfFlags('x', flags, places), { code: 'USAGE', message });
  });
