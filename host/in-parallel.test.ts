import test from 'ava';
import { inParallel } from './in-parallel.ts';

/** Work that ends when it is told to, so that a test decides the order. */
const controlled = () => {
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const end = (item: string) => {
    const one = ends.get(item);
    if (!one) throw new Error(`${item} has not started`);
    return one;
  };
  const work = (item: string): Promise<string> => {
    started.push(item);
    const one = Promise.withResolvers<string>();
    ends.set(item, one);
    return one.promise;
  };
  /** Until all that could start by now has started. */
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { started, end, work, settled };
};

test('no more than the limit at once, and the results in the order of the items', async (t) => {
  const { started, end, work, settled } = controlled();
  const done = inParallel(2, ['a', 'b', 'c'], work);
  await settled();
  t.deepEqual(started, ['a', 'b']);
  end('b').resolve('B');
  await settled();
  t.deepEqual(started, ['a', 'b', 'c']);
  end('c').resolve('C');
  end('a').resolve('A');
  t.deepEqual(await done, ['A', 'B', 'C']);
});

test('after an error nothing starts, and what is under way is waited for', async (t) => {
  const { started, end, work, settled } = controlled();
  let isOver = false;
  const done = inParallel(2, ['a', 'b', 'c'], work).finally(() => {
    isOver = true;
  });
  done.catch(() => {});
  await settled();
  end('a').reject(new Error('broken'));
  await settled();
  t.false(isOver);
  end('b').resolve('B');
  await t.throwsAsync(done, { message: 'broken' });
  t.deepEqual(started, ['a', 'b']);
});

test('of nothing there are no results', async (t) => {
  t.deepEqual(await inParallel(4, [], () => Promise.reject(new Error('called'))), []);
});
