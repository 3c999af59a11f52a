// Starts and stops QEMU. The only place that spawns it.
import type { Duplex } from 'node:stream';
import { execa } from 'execa';
import { RingcrossError } from './errors.ts';
import { inheritedFds } from './qemu-args.ts';
import { Qmp } from './qmp.ts';

export const qemuProgram = 'qemu-system-x86_64';

/** How QEMU was brought to its end: by itself, by a QMP `quit`, by SIGTERM or by SIGKILL. */
export type StopStep = 'exited' | 'quit' | 'terminated' | 'killed';

export interface QemuExit {
  code: number | null;
  signal: string | null;
  /** What QEMU itself said on its standard error. */
  stderr: string;
}

export interface QemuProcess extends AsyncDisposable {
  readonly pid: number;
  readonly qmp: Qmp;
  readonly protocol: Duplex;
  readonly console: Duplex;
  readonly exited: Promise<QemuExit>;
  /** Asks, waits, terminates, waits, kills. Safe to call twice. */
  stop(): Promise<StopStep>;
}

/** Every QEMU of this process, so that a second Ctrl-C or a crash of ours can end them at once. */
const running = new Set<{ kill(): void }>();

/** Kills every QEMU that this process started, without asking. Synchronous: usable while exiting. */
export const killAllQemu = (): void => {
  for (const qemu of running) qemu.kill();
};
process.on('exit', killAllQemu);

const patience = { quitMs: 2_000, terminateMs: 2_000 };

/**
 * Spawns QEMU in a session of its own, so that a terminal's Ctrl-C reaches only us and we stop it in order, and with
 * SIGKILL as its parent-death signal (prctl(2), PR_SET_PDEATHSIG), so that it never outlives us, however we die.
 */
export const startQemu = (args: readonly string[]): QemuProcess => {
  const child = execa('setpriv', ['--pdeathsig', 'KILL', '--', qemuProgram, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
    cleanup: false,
    buffer: { stderr: true, fd3: false, fd4: false, fd5: false },
    reject: false,
  });
  // execa types further descriptors as readable; node makes each of them a socket pair, which is both.
  const socket = (fd: number) => child.stdio[fd] as unknown as Duplex;
  const [qmpSocket, protocol, console] = [
    socket(inheritedFds.qmp),
    socket(inheritedFds.protocol),
    socket(inheritedFds.console),
  ];
  // A socket whose other end died while we write says EPIPE; the exit says why, so nothing is lost here.
  for (const end of [qmpSocket, protocol, console]) end?.on('error', () => {});
  const kill = () => {
    child.kill('SIGKILL');
  };
  const entry = { kill };
  running.add(entry);
  let hasExited = false;
  const exited: Promise<QemuExit> = child.then((result) => {
    hasExited = true;
    running.delete(entry);
    return {
      code: result.exitCode ?? null,
      signal: result.signal ?? null,
      stderr: String(result.stderr ?? ''),
    };
  });
  if (child.pid === undefined)
    throw new RingcrossError(
      'QEMU_MISSING',
      'expected setpriv (util-linux) to start QEMU, but it cannot be run',
      {
        next: 'ringcross doctor',
      },
    );
  const qmp = new Qmp(qmpSocket);

  const within = async (ms: number): Promise<boolean> => {
    const timer = Promise.withResolvers<false>();
    const handle = setTimeout(() => timer.resolve(false), ms);
    const done = await Promise.race([exited.then(() => true), timer.promise]);
    clearTimeout(handle);
    return done;
  };
  const stopInSteps = async (): Promise<StopStep> => {
    if (hasExited) return 'exited';
    qmp.execute('quit').catch(() => {});
    if (await within(patience.quitMs)) return 'quit';
    child.kill('SIGTERM');
    if (await within(patience.terminateMs)) return 'terminated';
    kill();
    await exited;
    return 'killed';
  };
  let stopping: Promise<StopStep> | null = null;
  const stop = () => {
    stopping ??= stopInSteps();
    return stopping;
  };
  return {
    pid: child.pid,
    qmp,
    protocol,
    console,
    exited,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
};
