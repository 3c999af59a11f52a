// `ringcross exec` and `ringcross shell`, as a person uses them.
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { echoMs } from '../host/signals.ts';
import { gone, qemuOf, ringcross, waitFor } from './command.ts';
import { temporaryFolder } from './temporary.ts';

test('a command’s output comes out, and nothing else on standard output', async (t) => {
  const { stdout, exitCode } = await ringcross(['exec', '--kernel', '6.12', '--', 'uname', '-r']);
  t.regex(stdout, /^6\.12\.\d+$/);
  t.is(exitCode, 0);
});

test('its status is the status, standard error is standard error, standard input reaches it', async (t) => {
  const command = 'wc -c; echo problem >&2; exit 7';
  const { stdout, stderr, exitCode } = await ringcross(['exec', '--', 'sh', '-c', command], 'twelve bytes');
  t.is(exitCode, 7);
  t.is(stdout, '12');
  t.regex(stderr, /^problem$/m);
});

test('a command that a signal ends has the status a shell gives it', async (t) => {
  const { exitCode } = await ringcross(['exec', '--', 'sh', '-c', 'kill -TERM $$']);
  t.is(exitCode, 143);
});

test('pushed files and folders land in the working directory', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "it's a file"), 'content');
  const { stdout } = await ringcross([
    'exec',
    '--push',
    join(folder, "it's a file"),
    '--push',
    folder,
    '--',
    'sh',
    '-c',
    `cat "it's a file" */"it's a file"`,
  ]);
  t.is(stdout, 'contentcontent');
});

test('a file that is not there is wrong usage, before anything boots', async (t) => {
  const { exitCode, stderr } = await ringcross(['exec', '--push', '/nonexistent/file', '--', 'true']);
  t.is(exitCode, 2);
  t.regex(String(stderr), /\/nonexistent\/file is not there/);
});

test('a panic ends it within five seconds, with status 3 and the panic’s lines', async (t) => {
  const child = ringcross([
    'exec',
    '--',
    'sh',
    '-c',
    'echo now; sleep 1; echo c > /proc/sysrq-trigger; sleep 100',
  ]);
  let saidAt = 0;
  child.stdout?.once('data', () => {
    saidAt = performance.now();
  });
  const { exitCode, stderr } = await child;
  const after = performance.now() - saidAt - 1000;
  t.is(exitCode, 3);
  t.regex(String(stderr), /Kernel panic - not syncing: sysrq triggered crash/);
  t.regex(String(stderr), /sysrq_handle_crash/);
  t.true(saidAt > 0 && after < 5000, `it took ${after} ms`);
});

test('a shell has a terminal of this terminal’s size, and its status is the status', async (t) => {
  // script(1) gives the command a terminal of its own; what is typed into it goes on to the guest's shell.
  const line = `stty rows 33 cols 101; ${join(import.meta.dirname, '../bin/ringcross')} shell`;
  const { execa } = await import('execa');
  const child = execa('script', ['-qec', line, '/dev/null'], { reject: false, all: true });
  let seen = '';
  child.all.on('data', (chunk: Buffer) => {
    const before = seen;
    seen += chunk.toString();
    if (!/[#$] /.test(before) && /[#$] /.test(seen)) child.stdin.write('stty size; tty; exit 5\r');
  });
  const { exitCode } = await child;
  t.regex(seen, /33 101/);
  t.regex(seen, /\/dev\/pts\/\d/);
  t.is(exitCode, 5);
});

/** Folders of ours under the temporary directory that are not a test's own. */
const leftovers = async () =>
  (await readdir(tmpdir())).filter((name) => /^ringcross-\d+-\d+-/.test(name)).sort();

const startSleeping = async () => {
  const child = ringcross(['exec', '--', 'sh', '-c', 'echo up; sleep 1000']);
  child.stdout?.resume();
  const qemu = await waitFor('QEMU', 60_000, async () =>
    child.pid === undefined ? null : await qemuOf(child.pid),
  );
  return { child, qemu };
};

const up = (child: ReturnType<typeof ringcross>) =>
  new Promise((resolve) => child.stdout?.once('data', resolve));

for (const [name, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test.serial(`${name} stops QEMU in order and leaves nothing behind`, async (t) => {
    const before = await leftovers();
    const { child, qemu } = await startSleeping();
    await up(child);
    child.kill(name);
    const { exitCode } = await child;
    t.is(exitCode, status);
    t.true(await waitFor('the end of QEMU', 1_000, () => gone(qemu)));
    t.deepEqual(await leftovers(), before);
  });

test.serial('a second Ctrl-C kills at once, even a QEMU that answers nothing', async (t) => {
  const { child, qemu } = await startSleeping();
  // A stopped QEMU can neither obey a quit nor act on SIGTERM: stopping it in order would take seconds.
  process.kill(qemu, 'SIGSTOP');
  const told = new Promise((resolve) =>
    child.stderr?.on('data', (chunk) => /SIGINT: stopping/.test(String(chunk)) && resolve(true)),
  );
  child.kill('SIGINT');
  await told;
  // As long as a person needs at least; sooner would be taken for the echo of the first.
  await delay(echoMs + 50);
  const second = performance.now();
  child.kill('SIGINT');
  t.is((await child).exitCode, 130);
  t.true(await waitFor('the end of QEMU', 1_000, () => gone(qemu)));
  t.true(performance.now() - second < 2_000, 'not by waiting for QEMU to obey');
});

test.serial('no QEMU remains when the host is killed', async (t) => {
  const { child, qemu } = await startSleeping();
  await up(child);
  child.kill('SIGKILL');
  await child;
  t.true(await waitFor('the end of QEMU', 5_000, () => gone(qemu)));
});
