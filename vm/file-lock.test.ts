import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { withFileLock } from './file-lock.ts';

test('one process holds the lock, the other says that it waits and gets it afterwards', async (t) => {
  const lock = await lockPath(t);
  const first = startHolder(t, lock);
  t.is(await first.line(), 'held');
  const second = startHolder(t, lock);
  t.is(await second.line(), 'waiting');
  first.child.stdin.end();
  t.is(await first.line(), 'freed');
  t.is(await second.line(), 'held');
});

test('SIGKILL of the holder frees the lock', async (t) => {
  const lock = await lockPath(t);
  const holder = startHolder(t, lock);
  t.is(await holder.line(), 'held');
  holder.child.kill('SIGKILL');
  let waited = false;
  const signal = AbortSignal.timeout(10_000);
  t.is(await withFileLock(lock, { signal, onWait: () => (waited = true) }, async () => 'mine'), 'mine');
  t.log(waited ? 'the holder was still dying' : 'the lock was free at once');
});

test('callers in one process exclude each other too', async (t) => {
  const lock = await lockPath(t);
  let inside = 0;
  const enter = () =>
    withFileLock(lock, {}, async () => {
      t.is(++inside, 1);
      await setImmediate();
      inside--;
    });
  await Promise.all([enter(), enter(), enter()]);
});

test('work that throws frees the lock, and its error comes through', async (t) => {
  const lock = await lockPath(t);
  const fail = async () => {
    throw new Error('of the work');
  };
  await t.throwsAsync(withFileLock(lock, {}, fail), { message: 'of the work' });
  t.is(await withFileLock(lock, {}, async () => 'free'), 'free');
});

test('an abort ends the waiting and leaves the lock with its holder', async (t) => {
  const lock = await lockPath(t);
  const controller = new AbortController();
  await withFileLock(lock, {}, async () => {
    const waiting = withFileLock(
      lock,
      { signal: controller.signal, onWait: () => controller.abort() },
      async () => t.fail('two holders'),
    );
    await t.throwsAsync(waiting, { code: 'INTERRUPTED' });
  });
});

test('a lock that cannot be made is an error that names it', async (t) => {
  await t.throwsAsync(
    withFileLock('/proc/nothing-can-be-made-here', {}, async () => undefined),
    { code: 'FILE_LOCK', message: /nothing-can-be-made-here/ },
  );
});

async function lockPath(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-lock-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return join(folder, 'deeper', 'lock');
}

function startHolder(t: ExecutionContext, lock: string) {
  const child = execa(process.execPath, [join(import.meta.dirname, 'fixtures/hold-lock.ts'), lock], {
    stdin: 'pipe',
    reject: false,
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await child;
  });
  // Lines wait in the interface: one that comes while nobody listens is not lost.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  return { child, line };
}
