import test from 'ava';
import { availableVersions, complaintsOf, debian, upstreamVersion } from './debian.ts';

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

for (const bad of ['a b', 'x;y', '-o', '']) {
  test(`a suite or package that could mean more to apt is refused: ${JSON.stringify(bad)}`, (t) => {
    t.false(debian.settings.safeParse({ kind: 'debian', package: 'p', suites: [bad] }).success);
    t.false(debian.settings.safeParse({ kind: 'debian', package: bad, suites: ['s'] }).success);
  });
}
