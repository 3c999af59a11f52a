import test from 'ava';
import { availableVersions, complaintsOf, dependenciesOf, upstreamVersion } from './apt-archive.ts';

for (const [version, upstream] of [
  ['6.12.117-1', '6.12.117'],
  ['1:6.1.0-rc1-2~bpo12+1', '6.1.0-rc1'],
  ['6.12', '6.12'],
] as const) {
  test(`upstream of ${version}`, (t) => t.is(upstreamVersion(version), upstream));
}

test("apt's complaints without its chatter and repetitions", (t) => {
  t.deepEqual(complaintsOf('Get:1 x\nW: a\nE: b\nW: a\n'), ['W: a', 'E: b']);
});

test('versions of madison, each once', (t) => {
  const madison =
    ' p | 6.12.2-1 | http://a trixie\n p | 6.12.2-1 | http://s x\n p | 6.12.1-1 | http://a trixie\n';
  t.deepEqual(availableVersions(madison), ['6.12.2-1', '6.12.1-1']);
});

test('what a package depends on, without versions; of alternatives the first', (t) => {
  const record = 'Package: p\nDepends: kmod, a-1.0 (= 1.0-2), b:any (>= 1), c (>= 0.1) | d\nRecommends: e\n';
  t.deepEqual(dependenciesOf(record), ['kmod', 'a-1.0', 'b', 'c']);
  t.deepEqual(dependenciesOf('Package: p\n'), []);
});
