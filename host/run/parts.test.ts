import test from 'ava';
import { combined, partsOf } from './parts.ts';

const passed = (title: string) => ({ title, outcome: 'passed' as const, ms: 1 });

test('tests share one guest, but for those that are isolated', (t) => {
  t.deepEqual(partsOf({ titles: ['a', 'b'], isolated: [] }), [
    { titles: ['a', 'b'], tests: { only: null, except: [] } },
  ]);
  t.deepEqual(partsOf({ titles: ['a', 's › b', 'c'], isolated: ['s › b'] }), [
    { titles: ['a', 'c'], tests: { only: null, except: ['s b'] } },
    { titles: ['s › b'], tests: { only: 's b', except: ['a', 'c'] } },
  ]);
});

test('a spec of isolated tests alone needs no shared guest, one without tests does', (t) => {
  t.deepEqual(partsOf({ titles: ['a'], isolated: ['a'] }), [
    { titles: ['a'], tests: { only: 'a', except: [] } },
  ]);
  t.deepEqual(partsOf({ titles: [], isolated: [] }), [{ titles: [], tests: { only: null, except: [] } }]);
});

test('what goes wrong in one guest decides, and all tests are kept', (t) => {
  const tests = [passed('a')];
  const panicked = { outcome: 'panicked' as const, reason: 'panic', log: ['x'], tests: [passed('b')] };
  t.deepEqual(combined([{ outcome: 'passed', tests }, panicked]), {
    ...panicked,
    tests: [passed('a'), passed('b')],
  });
});

test('the gravest decides, whichever guest it was', (t) => {
  const failed = { outcome: 'failed' as const, reason: '1 of 1 tests failed', tests: [] };
  const panicked = { outcome: 'panicked' as const, reason: 'panic', tests: [] };
  t.is(combined([failed, panicked]).reason, 'panic');
  t.is(combined([panicked, failed]).reason, 'panic');
});

test('a cell is skipped only where each of its guests is', (t) => {
  const skipped = { outcome: 'skipped' as const, reason: 'no need', tests: [] };
  t.is(combined([skipped, { outcome: 'passed', tests: [] }]).outcome, 'passed');
  t.deepEqual(combined([skipped, skipped]), skipped);
});
