import test from 'ava';
import { chooseLenses, needsProbe } from './lenses.ts';

const works = { works: true } as const;
const refused = { works: false, reason: 'no KVM' } as const;

test('auto takes cycles where the probe passed, and always instructions', (t) => {
  t.deepEqual(chooseLenses([], works), ['cycles', 'instructions']);
  t.deepEqual(chooseLenses(['auto'], refused), ['instructions', 'emulated']);
});

test('named lenses are taken once, in the order of the table', (t) => {
  t.deepEqual(chooseLenses(['emulated', 'instructions', 'emulated'], null), ['instructions', 'emulated']);
});

test('cycles on a host that cannot is refused with the reason, not replaced', (t) => {
  t.throws(() => chooseLenses(['cycles'], refused), { code: 'LENS_REFUSED', message: /no KVM/ });
});

test('only words that may mean cycles cost a probe', (t) => {
  t.true(needsProbe([]));
  t.true(needsProbe(['auto']));
  t.false(needsProbe(['instructions', 'emulated']));
});
