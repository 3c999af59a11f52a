import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { hostEnvironment } from './environment.ts';
import { runTool } from './run-tool.ts';

const env = hostEnvironment();

test('output comes back, and line by line as it is written', async (t) => {
  const lines: string[] = [];
  const status: string[] = [];
  const result = await runTool(['sh', '-c', 'echo out; echo err >&2; echo 42 >&3'], {
    env,
    onLine: (line) => lines.push(line),
    onStatusLine: (line) => status.push(line),
  });
  t.deepEqual(result, { failed: false, stdout: 'out', stderr: 'err' });
  t.deepEqual(lines.sort(), ['err', 'out']);
  t.deepEqual(status, ['42']);
});

test('a failure is a result', async (t) => {
  t.like(await runTool(['sh', '-c', 'echo no >&2; exit 4'], { env }), { failed: true, stderr: 'no' });
  const unknown = await runTool(['no-such-program'], { env });
  t.true(unknown.failed);
  t.regex(unknown.stderr, /no-such-program/);
});

test('only the given environment is there', async (t) => {
  const { stdout } = await runTool(['env'], { env: { PATH: process.env.PATH, ONLY: 'this' } });
  t.deepEqual(stdout.split('\n').sort(), ['ONLY=this', `PATH=${process.env.PATH}`]);
});

test('a full disk has its own error', async (t) => {
  const full = runTool(['sh', '-c', 'cat /proc/version > /dev/full'], { env });
  await t.throwsAsync(full, { code: 'DISK_FULL' });
});

test('an abort ends the program and its children', async (t) => {
  const controller = new AbortController();
  const pids: number[] = [];
  const running = runTool(['sh', '-c', 'sleep 1000 & echo $!; echo $$; wait'], {
    env,
    signal: controller.signal,
    onLine: (line) => {
      pids.push(Number(line));
      if (pids.length === 2) controller.abort();
    },
  });
  await t.throwsAsync(running, { code: 'INTERRUPTED' });
  t.is(pids.length, 2);
  for (const pid of pids) t.true(await ends(pid));
});

test('a program does not outlive the SIGKILL of its caller', async (t) => {
  const caller = execa(process.execPath, [join(import.meta.dirname, 'fixtures/run-for-ever.ts')], {
    reject: false,
  });
  const pid = Number((await once(caller.stdout, 'data'))[0]);
  t.true(isAlive(pid));
  caller.kill('SIGKILL');
  t.true(await ends(pid));
});

// An orphan that has ended is still there until init has collected it.
async function ends(pid: number): Promise<boolean> {
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await setTimeout(10);
  return !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
