import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { availableBytes, jobsFor, openAdmission } from './admission.ts';

const gib = 1024 ** 3;

test('what is available is read from the kernel’s table', (t) => {
  t.is(availableBytes('MemTotal: 9 kB\nMemAvailable:     2048 kB\nBuffers: 1 kB\n'), 2048 * 1024);
  t.is(availableBytes('nothing of it'), 0);
});

test('guests at once: one for each CPU, as far as nine tenths of memory go, and at least one', (t) => {
  t.is(jobsFor(8, 64 * gib, 1024), 8);
  t.is(jobsFor(8, 4 * gib, 1024), 3);
  t.is(jobsFor(8, gib / 2, 1024), 1);
});

const isDone = async (work: Promise<unknown>): Promise<boolean> =>
  await Promise.race([work.then(() => true), delay(250).then(() => false)]);

test('a guest waits until another has given its memory back, and it is said once', async (t) => {
  const told: string[] = [];
  const admission = await openAdmission(
    undefined,
    (text) => told.push(text),
    async () => 2.5 * gib,
  );
  const first = await admission.admit(1024);
  const second = await admission.admit(1024);
  const third = admission.admit(1024);
  t.false(await isDone(third));
  t.deepEqual(told, ['waiting for 1024 MiB of memory before another guest starts']);
  first[Symbol.dispose]();
  t.true(await isDone(third));
  second[Symbol.dispose]();
});

test('memory that another program took meanwhile is not given out; the first guest starts all the same', async (t) => {
  let free = 8 * gib;
  const admission = await openAdmission(
    undefined,
    () => {},
    async () => free,
  );
  free = gib / 2;
  await admission.admit(1024);
  const second = admission.admit(1024);
  t.false(await isDone(second));
  free = 4 * gib;
  t.true(await isDone(second));
});

test('waiting ends when the work is stopped', async (t) => {
  const stop = new AbortController();
  const admission = await openAdmission(
    stop.signal,
    () => {},
    async () => gib,
  );
  await admission.admit(1024);
  const second = admission.admit(1024);
  stop.abort();
  await t.throwsAsync(second, { code: 'INTERRUPTED' });
});
