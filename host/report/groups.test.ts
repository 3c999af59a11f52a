import test from 'ava';
import type { Finding } from '../../guest/protocol/messages.ts';
import { accounted } from '../run/fixtures/accounted.ts';
import type { CellResult, Results } from '../run/results.ts';
import { passedCell as cell, measured } from './fixtures/measured.ts';
import { atSurveySize, groupsOf } from './groups.ts';

const results = (...cells: CellResult[]): Results => ({ schema: 1, run: 'x', cells });
const unpublished = measured({ unit: null, send: null, receive: null, transit: null });
const limit: Finding = {
  about: 'transfer limit',
  mechanism: 'chardev',
  subject: 'write',
  says: 'EMSGSIZE',
  bytes: 65536,
};

test('each kernel and lens is a group of its own', (t) => {
  const groups = groupsOf(
    results(
      cell({ cases: [measured({})] }),
      cell({ kernel: '5.10', cases: [measured({})] }),
      cell({ lens: 'cycles', cases: [measured({ unit: 'cycles' })] }),
      cell({ spec: 'pipe', cases: [measured({ mechanism: 'pipe' })] }),
    ),
  );
  t.deepEqual(
    groups.map(({ kernel, unit, cases }) => [kernel, unit, cases.length]),
    [
      ['6.12', 'instructions', 2],
      ['5.10', 'instructions', 1],
      ['6.12', 'cycles', 1],
    ],
  );
});

test('a lens without a unit is a group where it has established something', (t) => {
  const emulated = cell({ lens: 'emulated', cases: [unpublished] });
  t.deepEqual(groupsOf(results(emulated)), []);
  const [group] = groupsOf(results({ ...emulated, findings: [limit] }));
  t.is(group?.unit, null);
});

test('what two specs establish alike stands once', (t) => {
  const [group] = groupsOf(
    results(cell({ findings: [limit] }), cell({ spec: 'limits', findings: [{ ...limit }] })),
  );
  t.deepEqual(group?.findings, [limit]);
});

test('accounts of all cells are kept, and are enough for a group', (t) => {
  const [one, other] = [accounted({}), accounted({ variant: 'multicast' })];
  const [group] = groupsOf(
    results(cell({ lens: 'emulated', accounts: [one] }), cell({ lens: 'emulated', accounts: [other] })),
  );
  t.deepEqual(group?.accounts, [one, other]);
});

test('figures of another lens are refused, whichever they are', (t) => {
  for (const [lens, unit] of [
    ['instructions', 'cycles'],
    ['cycles', 'instructions'],
    ['emulated', 'cycles'],
    ['cycles', null],
  ] as const)
    t.throws(() => groupsOf(results(cell({ lens, cases: [measured({ unit })] }))), {
      message: /do not share a table/,
      code: 'USAGE',
    });
});

test('each variant is shown at 1024 B, or at its smallest size', (t) => {
  const sizes = [8, 1024, 4096].map((bytes) => measured({ bytes }));
  const large = [65536, 416].map((bytes) => measured({ bytes, variant: 'ring' }));
  t.deepEqual(
    atSurveySize([...sizes, ...large]).map(({ variant, bytes }) => [variant, bytes]),
    [
      ['write', 1024],
      ['ring', 416],
    ],
  );
});
