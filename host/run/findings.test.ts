import test from 'ava';
import type { Finding, GuestMessage } from '../../guest/protocol/messages.ts';
import { findingsOf } from './findings.ts';
import type { CellEvent } from './outcome.ts';

const said = (message: GuestMessage): CellEvent => ({ kind: 'message', message });
const ended = (outcome: 'passed' | 'failed', ...path: string[]) =>
  said({ type: 'test', path, outcome, ms: 1 });
const limit = (bytes: number | null): Finding => ({
  about: 'transfer limit',
  mechanism: 'pipe',
  subject: 'write',
  says: 'none',
  bytes,
});
const states = (finding: Finding, ...path: string[]) => said({ type: 'finding', path, finding });

test('a finding of a test that passed counts, that of one that failed or never ended does not', (t) => {
  t.deepEqual(
    findingsOf([
      states(limit(1), 'a'),
      ended('passed', 'a'),
      states(limit(2), 'b'),
      ended('failed', 'b'),
      states(limit(3), 'c'),
    ]),
    [limit(1)],
  );
});

test('what two tests state alike is one finding', (t) => {
  t.deepEqual(
    findingsOf([
      states(limit(null), 'a'),
      ended('passed', 'a'),
      states(limit(null), 's', 'b'),
      ended('passed', 's', 'b'),
    ]),
    [limit(null)],
  );
});

test('of two subtests with one title, the failure of one takes the word of both', (t) => {
  t.deepEqual(
    findingsOf([states(limit(1), 's', 'a'), ended('passed', 's', 'a'), ended('failed', 's', 'a')]),
    [],
  );
});

test('what is no finding is refused', (t) => {
  t.throws(() => findingsOf([states(limit(1.5), 'a'), ended('passed', 'a')]));
});
