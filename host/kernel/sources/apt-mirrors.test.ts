import test from 'ava';
import { findDebianMirrors, namedMirrors, sourcesList } from './apt-mirrors.ts';

const line = (base: string, suite: string) => `'${base}dists/${suite}/InRelease' file 0 \n`;

test('the mirrors of a Debian host', (t) => {
  const uris =
    line('http://mirror.example/debian/', 'bookworm') +
    line('http://mirror.example/debian/', 'bookworm-updates') +
    line('http://security.example/debian-security/', 'bookworm-security') +
    "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' file 0 \n";
  t.deepEqual(findDebianMirrors(uris), {
    archive: 'http://mirror.example/debian/',
    security: 'http://security.example/debian-security/',
  });
});

test("a third party's archive with Debian's suite names is not taken for a mirror", (t) => {
  const docker = line('https://download.example/linux/debian/', 'bookworm');
  t.is(findDebianMirrors(docker), undefined);
  const uris =
    docker +
    line('http://mirror.example/debian/', 'bookworm') +
    line('http://mirror.example/debian/', 'bookworm-updates');
  t.deepEqual(findDebianMirrors(uris), { archive: 'http://mirror.example/debian/', security: undefined });
});

test('an Ubuntu host has none', (t) => {
  const base = 'http://archive.example/ubuntu/';
  const uris = ['noble', 'noble-updates', 'noble-security'].map((suite) => line(base, suite)).join('');
  t.is(findDebianMirrors(uris), undefined);
  t.is(findDebianMirrors(''), undefined);
});

test('the environment may name mirrors, with or without a final slash', (t) => {
  t.is(namedMirrors({}), undefined);
  t.is(namedMirrors({ RINGCROSS_DEBIAN_MIRROR: '' }), undefined);
  t.deepEqual(namedMirrors({ RINGCROSS_DEBIAN_MIRROR: 'http://a.example/debian' }), {
    archive: 'http://a.example/debian/',
    security: undefined,
  });
  t.deepEqual(
    namedMirrors({
      RINGCROSS_DEBIAN_MIRROR: 'http://a.example/debian/',
      RINGCROSS_DEBIAN_SECURITY_MIRROR: 'http://s.example/security',
    }),
    { archive: 'http://a.example/debian/', security: 'http://s.example/security/' },
  );
});

test("a cloud image's mirror list is a mirror as well", (t) => {
  const base = 'mirror+file:/etc/apt/mirrors/debian.list/';
  const uris = line(base, 'trixie') + line(base, 'trixie-updates');
  t.is(findDebianMirrors(uris)?.archive, base);
});

test('security suites come from the security mirror, and are left out when there is none', (t) => {
  const suites = ['trixie', 'trixie-security'];
  const list = sourcesList({ archive: 'http://a/', security: 'http://s/' }, suites, '/k.gpg');
  t.is(
    list,
    'deb [arch=amd64 signed-by=/k.gpg] http://a/ trixie main\n' +
      'deb [arch=amd64 signed-by=/k.gpg] http://s/ trixie-security main\n',
  );
  t.is(
    sourcesList({ archive: 'http://a/', security: undefined }, suites, '/k.gpg'),
    'deb [arch=amd64 signed-by=/k.gpg] http://a/ trixie main\n',
  );
});
