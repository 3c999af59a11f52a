import test from 'ava';
import { runSchedule, type Schedule } from './schedule.ts';

type Cell = Parameters<
  Schedule<{ id: string; kernel: string; lens: 'emulated' | 'cycles' }, string>['run']
>[0];

const cell = (id: string, kernel: string, lens: Cell['lens'] = 'emulated'): Cell => ({ id, kernel, lens });

/** A schedule whose builds end when they are told to, and the order in which things happened. */
const scene = (cells: readonly Cell[], kernels: readonly string[], jobs = 2) => {
  const seen: string[] = [];
  const gates = new Map(kernels.map((name) => [name, Promise.withResolvers<void>()]));
  const schedule: Schedule<Cell, string> = {
    kernels,
    cells,
    jobs,
    build: async (name, signal) => {
      seen.push(`build ${name}`);
      signal.addEventListener('abort', () => gates.get(name)?.reject(new Error('stopped')));
      await gates.get(name)?.promise;
      seen.push(`built ${name}`);
      return name;
    },
    run: async ({ id }, kernel) => {
      seen.push(`${id} on ${await kernel.catch((error: Error) => error.message)}`);
    },
    alone: async (work) => {
      seen.push('alone');
      await work();
    },
  };
  return { seen, gates, done: runSchedule(schedule) };
};

/** Lets everything happen that can. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a kernel’s cells run while the next is built, and builds are one at a time', async (t) => {
  const { seen, gates, done } = scene([cell('a', 'x'), cell('b', 'x'), cell('c', 'y')], ['x', 'y']);
  await settle();
  t.deepEqual(seen, ['build x']);
  gates.get('x')?.resolve();
  await settle();
  t.deepEqual(seen.slice(1).toSorted(), ['a on x', 'b on x', 'build y', 'built x']);
  gates.get('y')?.resolve();
  await done;
  t.deepEqual(seen.slice(-2), ['built y', 'c on y']);
});

test('cells are taken in the order of builds, so that none waits for a later kernel than it must', async (t) => {
  const { seen, gates, done } = scene([cell('a', 'x'), cell('b', 'y')], ['y', 'x'], 1);
  gates.get('y')?.resolve();
  await settle();
  t.true(seen.includes('b on y'));
  gates.get('x')?.resolve();
  await done;
});

test('what measures time runs when no kernel is being built and no other cell runs', async (t) => {
  const cells = [cell('timed', 'x', 'cycles'), cell('a', 'x'), cell('timed too', 'y', 'cycles')];
  const { seen, gates, done } = scene(cells, ['x', 'y']);
  gates.get('x')?.resolve();
  await settle();
  t.false(seen.includes('alone'));
  gates.get('y')?.resolve();
  await done;
  t.deepEqual(seen.slice(-4), ['built y', 'alone', 'timed on x', 'timed too on y']);
});

test('a kernel that is not built is told to its cells alone', async (t) => {
  const { seen, gates, done } = scene([cell('a', 'x'), cell('b', 'y')], ['x', 'y']);
  gates.get('x')?.reject(new Error('it does not compile'));
  gates.get('y')?.resolve();
  await done;
  t.true(seen.includes('a on it does not compile'));
  t.true(seen.includes('b on y'));
});

test('an error of a cell stops the builds, and comes out when they have ended', async (t) => {
  const ended: string[] = [];
  await t.throwsAsync(
    runSchedule<Cell, string>({
      kernels: ['x', 'y'],
      cells: [cell('a', 'x'), cell('b', 'y')],
      jobs: 1,
      build: async (name, signal) => {
        if (name === 'x') return name;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ended.push(name);
        throw new Error('stopped');
      },
      run: async (_cell, kernel) => {
        await kernel;
        throw new Error('the disk is full');
      },
      alone: (work) => work(),
    }),
    { message: 'the disk is full' },
  );
  t.deepEqual(ended, ['y']);
});
