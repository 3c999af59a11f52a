// Starts and stops QEMU. The only place that spawns it.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
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

/** Characters kept of what QEMU says on its standard error. */
const stderrLimit = 64 * 1024;

/** The shell's status for a program that cannot be started, which setpriv(1) ends with too. */
export const cannotStart = 127;

const patience = { quitMs: 2_000, terminateMs: 2_000 };

/**
 * Spawns QEMU in a session of its own, so that a terminal's Ctrl-C reaches only us and we stop it in order, and with
 * SIGKILL as its parent-death signal (prctl(2), PR_SET_PDEATHSIG), so that it never outlives us, however we die.
 * `state` is the file of device state that a clone starts with. Throws where that cannot be opened.
 */
export const startQemu = (args: readonly string[], state: string | null = null): QemuProcess => {
  const stateFd = state === null ? null : openSync(state, 'r');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', qemuProgram, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', ...(stateFd === null ? [] : [stateFd])],
    detached: true,
  });
  if (stateFd !== null) closeSync(stateFd);
  // Node types further descriptors as streams of either direction; each is a socket pair, which has both.
  const socket = (fd: number) => child.stdio[fd] as unknown as Duplex;
  const [qmpSocket, protocol, console] = [
    socket(inheritedFds.qmp),
    socket(inheritedFds.protocol),
    socket(inheritedFds.console),
  ];
  // A socket whose other end died while we write says EPIPE; the exit says why, so nothing is lost here.
  for (const end of [qmpSocket, protocol, console]) end.on('error', () => {});
  const kill = () => {
    child.kill('SIGKILL');
  };
  const entry = { kill };
  running.add(entry);
  let stderr = '';
  (child.stderr as Readable).on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-stderrLimit);
  });
  let hasExited = false;
  const exit = Promise.withResolvers<QemuExit>();
  const end = (code: number | null, signal: string | null) => {
    hasExited = true;
    running.delete(entry);
    exit.resolve({ code, signal, stderr });
  };
  const said = Promise.withResolvers<void>();
  child.stderr?.once('close', said.resolve);
  child.once('exit', (code, signal) => {
    hasExited = true;
    void said.promise.then(() => end(code, signal));
  });
  child.once('error', (error) => {
    // A process that runs cannot raise it here: signals are sent by `kill`, which does not throw for a dead one.
    stderr = error.message;
    end(cannotStart, null);
  });
  const exited = exit.promise;
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
    pid: child.pid ?? 0,
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
