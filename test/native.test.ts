// The addon on this machine: built as the guest's is, loaded in this process, every bench that needs no module run.
// One test at a time, in a process of its own (AVA's workerThreads: false): whoever starts a program copies the page tables of
// its process, and a bench in the same one would fault.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { type Native, native } from '../guest/native.ts';
import { openLoop } from '../guest/open-loop.ts';
import { benches, type Case, sample } from '../guest/sample.ts';
import { configure } from '../guest/settings.ts';
import { attempt, attemptAsync, int80, outcome, probe, syscall, syscallAsync } from '../guest/syscall.ts';
import { untilBlocked } from '../guest/wait.ts';
import { compileAddon } from '../host/guest-build/addon.ts';
import { ownRoot } from '../host/project.ts';
import { temporaryFolder } from './temporary.ts';

let folder = '';
/** Whether this machine lets us run real-time threads with locked memory; a container may not. */
let realtime = true;

const build = async (name: string, ...extra: string[]): Promise<string> => {
  const output = join(folder, name);
  await compileAddon(output, extra);
  return output;
};

const pipe: Case = { mechanism: 'pipe', direction: 'u2u', variant: 'alternating', bytes: 64 };
const few = { messages: 50, warmup: 5 };

const allowsRealtime = async (): Promise<boolean> => {
  try {
    await sample({ ...pipe, ...few });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM' || code === 'ENOMEM') return false;
    throw error;
  }
};

const queueLimit = async (): Promise<number> =>
  Number(await readFile('/proc/sys/fs/mqueue/msgsize_max', 'utf8'));

/** What a pipe holds by default: a message that is not read meanwhile is no longer than that. */
const fifoBytes = 65536;

/** A file that gives back what it takes: a FIFO that is open both ways. */
const fifoOf = async (t: ExecutionContext): Promise<string> => {
  const path = join(await temporaryFolder(t), 'fifo');
  const S_IFIFO = 0o010000;
  t.is(attempt('mknod', path, S_IFIFO | 0o600, 0), 0);
  return path;
};

const note = (t: ExecutionContext): void => {
  if (!realtime) t.log('without SCHED_FIFO and locked memory: this machine forbids them');
};

test.before(async (t) => {
  t.true(
    isMainThread,
    'expected a process of its own: in a worker, programs that other files start make benches fault',
  );
  folder = await mkdtemp(join(tmpdir(), 'ringcross-native-'));
  delete process.env.RINGCROSS_NATIVE;
  t.throws(() => native(), { message: /RINGCROSS_NATIVE is not set/ });
  process.env.RINGCROSS_NATIVE = join(folder, 'none.node');
  t.throws(() => native(), { message: /none\.node \(RINGCROSS_NATIVE\) does not load/ });

  process.env.RINGCROSS_NATIVE = await build('ringcross.node');
  realtime = await allowsRealtime();
  configure({ realtime });
});

test.after.always(() => rm(folder, { recursive: true, force: true }));

test.serial('the addon is the same wherever it is built', async (t) => {
  const digests = await Promise.all(
    ['one.node', 'two.node'].map(async (name) =>
      createHash('sha256')
        .update(await readFile(await build(name)))
        .digest('hex'),
    ),
  );
  t.is(digests[0], digests[1]);
});

test.serial('every bench that needs no module gives each message asked for', async (t) => {
  note(t);
  const modules = await readdir(join(ownRoot, 'kmod'));
  const alone = benches().filter(({ mechanism, openLoop }) => !modules.includes(mechanism) && !openLoop);
  const fifo = await fifoOf(t);
  t.true(alone.length > 20);
  for (const { mechanism, direction, variant, minBytes, maxBytes, firstTouch } of alone) {
    // A kernel may have been built without either.
    if (variant.endsWith('-page') || variant.endsWith('-int80')) continue;
    // Without CAP_SYS_RESOURCE a queue takes no more than the host says.
    const limit = { mqueue: await queueLimit(), file: fifoBytes }[mechanism] ?? maxBytes;
    const most = Math.min(maxBytes, limit);
    // A bench of whatever file it is given.
    const given = mechanism === 'file' ? { path: fifo } : {};
    for (const bytes of new Set([minBytes, most])) {
      const title = `${mechanism} ${direction} ${variant} ${bytes}`;
      const result = await sample({ mechanism, direction, variant, bytes, ...few, ...given });
      t.is(result.sent, few.messages, title);
      t.is(result.received, few.messages, title);
      t.is(result.lost, 0, title);
      if (firstTouch) t.true(result.faults > 0, title);
      else if (realtime) t.is(result.faults, 0, title);
      for (const column of [result.send, result.receive, result.transit])
        if (column) t.is(column.length, few.messages, title);
      t.true(result.send !== null || result.receive !== null || result.stream !== null, title);
    }
  }
});

test.serial('a mechanism without a bench of its own runs that of another, under its own name', async (t) => {
  note(t);
  const path = await fifoOf(t);
  const own = { mechanism: 'own', by: 'file', path, bytes: 64, ...few } as const;
  const write = await sample({ ...own, direction: 'u2k', variant: 'write' });
  t.like(write, { mechanism: 'own', sent: few.messages, received: few.messages, receive: null });
  t.is(write.send?.length, few.messages);
  const read = await sample({ ...own, direction: 'k2u', variant: 'read' });
  t.is(read.send, null);
  t.is(read.receive?.length, few.messages);

  const empty = sample({ ...own, path: '/dev/null', direction: 'k2u', variant: 'read' });
  t.like(await t.throwsAsync<NodeJS.ErrnoException>(empty), { code: 'EBADMSG', syscall: 'read' });
  const pathless = sample({ mechanism: 'file', direction: 'u2k', variant: 'write', bytes: 64, ...few });
  t.like(await t.throwsAsync<NodeJS.ErrnoException>(pathless), { code: 'ENOENT', syscall: 'path' });
});

test.serial('an experiment accounts for every message, and is no bench', async (t) => {
  note(t);
  const load = { mechanism: 'mqueue', direction: 'u2u', bench: 'load', bytes: 64, messages: 40 } as const;
  const flatOut = await openLoop({ ...load, periodNs: 0, room: 4 });
  const lost = flatOut.losses.reduce((sum, { count }) => sum + count, 0);
  t.is(flatOut.received + lost, 40);
  t.true(flatOut.losses.every(({ learned, error }) => learned === 'sender' && error === 'EAGAIN'));
  t.like(flatOut, { corrupted: 0, duplicated: 0, reordered: 0, load: { periodNs: 0, serviceNs: 0 } });
  // A sender with the higher priority on the same CPU leaves its receiver no time: what fits is what arrives.
  if (realtime) t.is(flatOut.received, 4);
  // No more than msg_max: beyond it a queue needs CAP_SYS_RESOURCE.
  const roomy = await openLoop({ ...load, messages: 10, periodNs: 100_000, room: 10 });
  t.like(roomy, { received: 10, losses: [], notices: [] });

  await t.throwsAsync(sample({ ...load, variant: 'load' }), { message: /mqueue has no bench "u2u load"/ });
  await t.throwsAsync(openLoop({ ...load, bench: 'blocking', periodNs: 0 }), {
    message: /mqueue has no bench "u2u blocking": it has u2u load/,
  });
  await t.throwsAsync(openLoop({ ...load, bytes: 7, periodNs: 0 }), { instanceOf: RangeError });
  await t.throwsAsync(openLoop({ ...load, periodNs: -2 }), { instanceOf: RangeError, message: /period/ });
});

test.serial('a reader that waits has no column of its own: its window is mostly the wait', async (t) => {
  note(t);
  const { send, receive, transit } = await sample({ ...pipe, variant: 'blocking', ...few });
  t.is(receive, null);
  t.deepEqual([send?.length, transit?.length], [few.messages, few.messages]);
  // Without SCHED_FIFO the reader may be done before the writer has come out of its call.
  if (realtime) t.true(send?.every((ticks, index) => ticks < (transit?.[index] ?? 0n)));
});

test.serial('an odd size is checked to its last byte', async (t) => {
  t.is((await sample({ ...pipe, bytes: 99, ...few })).lost, 0);
});

test.serial('a case that does not fit is refused with what would', async (t) => {
  await t.throwsAsync(sample({ ...pipe, bytes: 7 }), {
    instanceOf: RangeError,
    message: 'pipe u2u alternating takes 8 to 65536 bytes, not 7',
  });
  await t.throwsAsync(sample({ ...pipe, variant: 'none' }), {
    instanceOf: RangeError,
    message: /pipe has no bench "u2u none": it has u2u alternating, u2u blocking/,
  });
  await t.throwsAsync(sample({ ...pipe, mechanism: 'pigeon' }), { message: /does not know the mechanism/ });
  await t.throwsAsync(sample({ ...pipe, warmup: 0 }), { instanceOf: RangeError, message: /warmup must be/ });
  await t.throwsAsync(sample({ ...pipe, messages: 1.5 }), {
    instanceOf: RangeError,
    message: /messages must/,
  });
});

test.serial('an error of a call carries its name, number and call', async (t) => {
  const missing: Case = { mechanism: 'chardev', direction: 'u2k', variant: 'write', bytes: 8, path: '/none' };
  const error = await t.throwsAsync<NodeJS.ErrnoException>(sample({ ...missing, ...few }));
  t.like(error, { code: 'ENOENT', errno: -2, syscall: 'open' });
});

test.serial('a CPU that is not there is refused by the kernel', async (t) => {
  configure({ cpu: 1023 });
  const error = await t.throwsAsync<NodeJS.ErrnoException>(sample({ ...pipe, ...few }));
  configure({ cpu: null });
  t.like(error, { code: 'EINVAL', syscall: 'sched_setaffinity' });
});

test.serial('the C side refuses by itself what could hurt it', (t) => {
  const raw = native() as unknown as Record<keyof Native, (...values: unknown[]) => unknown>;
  const wrong: unknown[][] = [
    [],
    [1, 2, 3],
    ['x'.repeat(100), 'u2u', 'alternating'],
    ['pipe', 'u2u', 'alternating', 65537, 1, 1, -1, false],
    ['pipe', 'u2u', 'alternating', Number.NaN, 1, 1, -1, false],
    ['pipe', 'u2u', 'alternating', 8, 2 ** 40, 1, -1, false],
    ['pipe', 'u2u', 'alternating', 8, 1, 0, -1, false],
    ['pipe', 'u2u', 'alternating', 8, 1, 1, 1e9, false],
    ['pipe', 'u2u', 'alternating', 8, 1, 1, -1, 'yes'],
    ['pipe', 'u2u', 'alternating', 8, 1, 1, -1, false, 5],
    ['mqueue', 'u2u', 'load', 8, 1, 1, -1, false],
  ];
  for (const values of wrong) t.throws(() => raw.run(...values), undefined, JSON.stringify(values));
  for (const values of [
    [],
    ['pipe', 'u2u', 'alternating', 8, 1, 1, -1, false, 0, 0, 0],
    ['mqueue', 'u2u', 'load', 8, 1, 1, -1, false, -1, 0, 0],
    ['mqueue', 'u2u', 'load', 8, 1, 1, -1, false, 2 ** 32, 0, 0],
    ['mqueue', 'u2u', 'load', 8, 1, 1, -1, false, 1, -2, 0],
    ['mqueue', 'u2u', 'load', 8, 1, 1, -1, false, 1, 0, 1e12],
  ])
    t.throws(() => raw.runOpenLoop(...values), undefined, JSON.stringify(values));
  for (const values of [
    [],
    ['getpid', []],
    [39],
    [39, {}],
    [39, [{}]],
    [39, [1, 2, 3, 4, 5, 6, 7]],
    [-1, []],
  ]) {
    t.throws(() => raw.syscall(...values), undefined, JSON.stringify(values));
    t.throws(() => raw.syscallAsync(...values), undefined, JSON.stringify(values));
    t.throws(() => raw.int80(...values), undefined, JSON.stringify(values));
  }
  t.throws(() => raw.syscall(39, [2n ** 64n]), { message: /64 bits/ });
  t.throws(() => raw.int80(20, [2 ** 32]), { message: /32 bits/ });
  t.throws(() => raw.probe('vdso', 'none', []), { message: 'no such probe' });
});

test.serial(
  'raw calls take numbers, bigints, bytes and strings, and give what the kernel gave',
  async (t) => {
    t.is(syscall('getpid'), BigInt(process.pid));
    t.is(syscall(39), BigInt(process.pid));
    t.is(await syscallAsync('getpid'), BigInt(process.pid));
    t.is(attempt('write', -1, Buffer.alloc(8), 8), 'EBADF');
    t.is(attempt('access', '/', 0), 0);
    t.is(attempt('access', 0n, 0), 'EFAULT');
    t.is(attempt('access', 0xffff_ffff_8000_0000n, 0), 'EFAULT');
    t.is(outcome(-4096n), -4096);
    t.throws(() => syscall('nonsense' as 'read'), {
      instanceOf: TypeError,
      message: /no system call "nonsense"/,
    });
    t.throws(() => syscall('read', 0.5), { instanceOf: RangeError });
    t.throws(() => syscall('read', {} as never), { instanceOf: TypeError });
  },
);

test.serial('a call that blocks does so on a thread of its own', async (t) => {
  const ends = new Int32Array(2);
  t.is(attempt('pipe2', ends, 0), 0);
  const [reader = -1, writer = -1] = ends;
  const buffer = Buffer.alloc(4);
  const read = attemptAsync('read', reader, buffer, 4);
  await untilBlocked('read', reader);
  t.is(attempt('write', writer, 'late', 4), 4);
  t.is(await read, 4);
  t.is(buffer.toString('latin1'), 'late');
  t.is(attempt('close', reader), 0);
  t.is(attempt('close', writer), 0);
});

test.serial('the 32-bit entry answers, or says that there is none', (t) => {
  const getpid = 20;
  try {
    t.is(int80(getpid), BigInt(process.pid));
  } catch (error) {
    t.is((error as NodeJS.ErrnoException).code, 'ENOSYS');
  }
});

test.serial('a probe survives the signal that it brings', (t) => {
  // No kernel since 5.3 lets this page be read unless asked to, and none has code at its last byte.
  t.is(probe('vsyscall', 'execute', 4095).signal, 'SIGSEGV');
  t.is(probe('vdso', 'time').signal, null);
});

test.serial('a build without optimisation, trapping undefined behaviour, runs as well', async (t) => {
  const traps = ['-O0', '-g', '-fsanitize=undefined', '-fsanitize-undefined-trap-on-error'];
  const addon = { exports: {} };
  process.dlopen(addon, await build('debug.node', ...traps));
  const debug = addon.exports as Native;
  for (const variant of ['alternating', 'blocking', 'two-transfers']) {
    const { sent } = await debug.run('pipe', 'u2u', variant, 416, 20, 5, -1, realtime, undefined);
    t.is(sent?.length, 60);
  }
  t.is(debug.syscall(39, []), BigInt(process.pid));
});
