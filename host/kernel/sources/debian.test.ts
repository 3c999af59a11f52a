import test from 'ava';
import { debian } from './debian.ts';

for (const bad of ['a b', 'x;y', '-o', '']) {
  test(`a suite or package that could mean more to apt is refused: ${JSON.stringify(bad)}`, (t) => {
    t.false(debian.settings.safeParse({ kind: 'debian', package: 'p', suites: [bad] }).success);
    t.false(debian.settings.safeParse({ kind: 'debian', package: bad, suites: ['s'] }).success);
  });
}
