import test from 'ava';
import { findDebianMirrors, publicMirrors, sourcesList } from './apt-mirrors.ts';

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
  t.deepEqual(findDebianMirrors(docker), publicMirrors);
  const uris =
    docker +
    line('http://mirror.example/debian/', 'bookworm') +
    line('http://mirror.example/debian/', 'bookworm-updates');
  t.deepEqual(findDebianMirrors(uris), { archive: 'http://mirror.example/debian/', security: undefined });
});

test('an Ubuntu host gets the public mirrors', (t) => {
  const base = 'http://archive.invalid/ubuntu/';
  const uris = ['noble', 'noble-updates', 'noble-security'].map((suite) => line(base, suite)).join('');
  t.deepEqual(findDebianMirrors(uris), publicMirrors);
  t.deepEqual(findDebianMirrors(''), publicMirrors);
});

test("a cloud image's mirror list is a mirror as well", (t) => {
  const base = 'mirror+file:/etc/apt/mirrors/debian.list/';
  const uris = line(base, 'trixie') + line(base, 'trixie-updates');
  t.is(findDebianMirrors(uris).archive, base);
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
