// One guest's life: spawned, greeted, used, stopped. `withVm` is the only door, so no guest outlives its use.
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ErrorData,
  type GuestFacts,
  type GuestMessage,
  type HostMessage,
  protocolVersion,
} from '../guest/protocol/messages.ts';
import { encodeLine, LineDecoder } from '../guest/protocol/ndjson.ts';
import { ConsoleWatcher, evidence, type Incident } from './console.ts';
import { RingcrossError } from './errors.ts';
import { throwIfInterrupted } from './interrupted.ts';
import { lensRecords } from './lens.ts';
import { pinVcpus } from './pin.ts';
import { type Machine, qemuArgs } from './qemu-args.ts';
import { type QemuExit, type QemuProcess, qemuProgram, type StopStep, startQemu } from './qemu-process.ts';
import { forwardedPort } from './qmp.ts';
import { connectSsh, type KeyPair, newKeyPair, type SshLink } from './ssh-link.ts';
import { tscKhz } from './tsc-rate.ts';

/** What happens in a guest, in the order in which the host learns of it. */
export type VmEvent =
  | { kind: 'message'; message: GuestMessage }
  /** A line on the protocol port that is no message of ours. */
  | { kind: 'noise'; text: string }
  | { kind: 'incident'; incident: Incident }
  /** The last event. */
  | { kind: 'ended'; exit: QemuExit };

export interface VmRequest extends Omit<Machine, 'tscKhz'> {
  /** GNU build id of the kernel that must answer, hex. */
  buildId: string;
  /** From spawn to hello, milliseconds; the lens's own where it is not given. */
  bootDeadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface Vm {
  readonly facts: GuestFacts;
  /** From spawn to hello, milliseconds. */
  readonly bootMs: number;
  /** QEMU's full command line. */
  readonly commandLine: readonly string[];
  /** The guest's events after hello, up to `ended`. To be read by one reader. */
  readonly events: AsyncIterable<VmEvent>;
  send(message: HostMessage): void;
  /** Connects on first use. Errors: SSH_FAILED, GUEST_ENDED. */
  ssh(): Promise<SshLink>;
  /** Puts files into the guest over SSH. Errors: SSH_FAILED, GUEST_ENDED. */
  push(files: readonly { from: string; to: string }[]): Promise<void>;
  /** The work's own result, unless the guest ends first. Errors: GUEST_ENDED, with the console's evidence. */
  whileItRuns<T>(work: Promise<T>): Promise<T>;
  consoleTail(): string[];
  /** Stops the guest before its time; `withVm` does it in any case. */
  stop(): Promise<StopStep>;
}

/**
 * Boots a guest, hands it to `use` and stops it, whatever happens.
 * Errors: BOOT_FAILED, BOOT_TIMEOUT, GUEST_PROTOCOL, GUEST_KERNEL, INTERRUPTED, and those of `use`.
 */
export const withVm = async <T>(request: VmRequest, use: (vm: Vm) => Promise<T>): Promise<T> => {
  const args = qemuArgs({ ...request, tscKhz: tscKhz(await readFile('/proc/cpuinfo', 'latin1')) });
  throwIfInterrupted(request.signal);
  const started = performance.now();
  await using qemu = startQemu(args);
  const stopOnAbort = () => void qemu.stop();
  request.signal?.addEventListener('abort', stopOnAbort, { once: true });
  let link: SshLink | null = null;
  try {
    const feed = openFeed(qemu);
    const facts = await boot(qemu, feed, request);
    const keys = newKeyPair();
    const send = (message: HostMessage) => void qemu.protocol.write(encodeLine(message));
    send({ type: 'welcome', authorizedKey: keys.publicKey });
    const connected = async (): Promise<SshLink> => {
      link ??= await whileItRuns(
        feed,
        withinLens(request, 'an SSH session', connect(qemu, feed, keys, request)),
      );
      return link;
    };
    const result = await use({
      facts,
      bootMs: performance.now() - started,
      commandLine: args,
      events: feed.events,
      send,
      ssh: connected,
      push: async (files) => {
        const ssh = await connected();
        await whileItRuns(feed, withinLens(request, 'the files to arrive', ssh.push(files)));
      },
      whileItRuns: (work) => whileItRuns(feed, work),
      consoleTail: () => feed.console.tail(),
      stop: () => qemu.stop(),
    });
    throwIfInterrupted(request.signal);
    return result;
  } catch (error) {
    throwIfInterrupted(request.signal);
    throw error;
  } finally {
    request.signal?.removeEventListener('abort', stopOnAbort);
    (link as SshLink | null)?.close();
  }
};

interface Feed {
  events: Readable & AsyncIterable<VmEvent>;
  console: ConsoleWatcher;
  /** The public host key, once the guest's SSH server listens. */
  hostKey: Promise<string>;
  hello: Promise<{ protocol: number; facts: GuestFacts }>;
  /** Rejects with GUEST_ENDED when all that the guest said has been read. */
  ended: Promise<never>;
}

/** Joins protocol, console and exit into one stream of events. Hello and SSH's readiness are taken out on the way. */
const openFeed = (qemu: QemuProcess): Feed => {
  const hello = Promise.withResolvers<{ protocol: number; facts: GuestFacts }>();
  const hostKey = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<never>();
  for (const { promise } of [hello, hostKey, ended]) promise.catch(() => {});
  // Never paused: whoever runs a cell keeps every event anyway, and a paused socket would keep QEMU's end from us.
  const events = new Readable({ objectMode: true, read: () => {} });
  const tell = (event: VmEvent) => void events.push(event);
  const console = new ConsoleWatcher((incident) => tell({ kind: 'incident', incident }));
  const decoder = new LineDecoder<GuestMessage>();
  qemu.protocol.on('data', (chunk: Buffer) => {
    for (const decoded of decoder.push(chunk)) {
      if (!decoded.ok) tell({ kind: 'noise', text: decoded.text });
      else if (decoded.message.type === 'hello') hello.resolve(decoded.message);
      else if (decoded.message.type === 'ssh-ready') hostKey.resolve(decoded.message.hostKey);
      else {
        if (decoded.message.type === 'agent-error') hostKey.reject(agentError(decoded.message.error));
        tell({ kind: 'message', message: decoded.message });
      }
    }
  });
  qemu.console.on('data', (chunk: Buffer) => console.push(chunk));
  void qemu.exited.then(async (exit) => {
    // What the guest said last is still in the sockets when QEMU is gone.
    await Promise.all([drained(qemu.protocol), drained(qemu.console)]);
    const error = new RingcrossError('GUEST_ENDED', 'expected the guest to run on, but it ended', {
      log: evidence(console.tail()).join('\n'),
    });
    for (const { reject } of [hello, hostKey, ended]) reject(error);
    const rest = decoder.rest();
    if (rest) tell({ kind: 'noise', text: rest });
    tell({ kind: 'ended', exit });
    events.push(null);
  });
  return { events, console, hello: hello.promise, hostKey: hostKey.promise, ended: ended.promise };
};

const agentError = ({ message, stack }: ErrorData): RingcrossError =>
  new RingcrossError(
    'SSH_FAILED',
    `expected the guest's SSH server to start, but the agent says: ${message}`,
    {
      log: stack ?? message,
    },
  );

/** Resolves when a stream has ended; at once where it already has, and never later than a second. */
const drained = async (stream: Readable): Promise<void> => {
  if (stream.readableEnded || stream.destroyed) return;
  stream.resume();
  const closed = Promise.withResolvers<void>();
  stream.once('end', closed.resolve);
  stream.once('close', closed.resolve);
  await Promise.race([closed.promise, delay(1_000)]);
};

const boot = async (qemu: QemuProcess, feed: Feed, request: VmRequest): Promise<GuestFacts> => {
  const lens = lensRecords[request.lens];
  const deadlineMs = request.bootDeadlineMs ?? lens.bootDeadlineMs;
  const greet = async () => {
    if (lens.pinned) await pinVcpus(qemu.qmp);
    else await qemu.qmp.negotiate();
    return checkHello(await feed.hello, request.buildId);
  };
  try {
    return await within(
      deadlineMs,
      greet(),
      () =>
        new RingcrossError(
          'BOOT_TIMEOUT',
          `expected the agent's hello within ${deadlineMs} ms, but none came`,
          {
            log: evidence(feed.console.tail()).join('\n'),
          },
        ),
    );
  } catch (error) {
    if (
      !(error instanceof RingcrossError) ||
      !['GUEST_ENDED', 'QEMU_EXITED', 'QMP_ERROR'].includes(error.code)
    )
      throw error;
    // A QEMU that refuses a command has not ended by itself.
    await qemu.stop();
    throw bootFailure(await qemu.exited, feed.console.tail(), error);
  }
};

/** The shell's status for a program that cannot be started, which setpriv(1) ends with too. */
const notFound = 127;

const bootFailure = (
  { code, signal, stderr }: QemuExit,
  tail: string[],
  cause: RingcrossError,
): RingcrossError => {
  const log = [stderr.trim(), ...evidence(tail)].filter(Boolean).join('\n');
  if (code === notFound)
    return new RingcrossError('QEMU_MISSING', `expected ${qemuProgram} to start, but it cannot`, {
      log,
      cause,
      next: 'ringcross doctor',
    });
  const how = signal ? `signal ${signal}` : `status ${code}`;
  return new RingcrossError('BOOT_FAILED', `expected the agent's hello, but QEMU ended with ${how}`, {
    log,
    cause,
  });
};

/** The work's result, or the error of the deadline; the work then goes on unwatched. */
const within = async <T>(ms: number, work: Promise<T>, late: () => RingcrossError): Promise<T> => {
  work.catch(() => {});
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(late()), ms);
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
};

const checkHello = (hello: { protocol: number; facts: GuestFacts }, buildId: string): GuestFacts => {
  if (hello.protocol !== protocolVersion)
    throw new RingcrossError(
      'GUEST_PROTOCOL',
      `expected an agent that speaks protocol ${protocolVersion}, but this one speaks ${hello.protocol}`,
    );
  if (hello.facts.buildId !== buildId)
    throw new RingcrossError(
      'GUEST_KERNEL',
      `expected the kernel with build id ${buildId}, but the guest runs ${hello.facts.buildId ?? 'one without a build id'}`,
    );
  return hello.facts;
};

const connect = async (
  qemu: QemuProcess,
  feed: Feed,
  keys: KeyPair,
  request: VmRequest,
): Promise<SshLink> => {
  const hostKey = await feed.hostKey;
  const usernet = await qemu.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' });
  const port = forwardedPort(String(usernet));
  if (port === null)
    throw new RingcrossError('SSH_FAILED', `expected a forwarded port, but QEMU says: ${usernet}`);
  return await connectSsh(port, keys, hostKey, lensRecords[request.lens].bootDeadlineMs);
};

/** What a guest that lives does within the time it has to boot. Errors: SSH_FAILED. */
const withinLens = <T>({ lens }: VmRequest, what: string, work: Promise<T>): Promise<T> => {
  const ms = lensRecords[lens].bootDeadlineMs;
  return within(
    ms,
    work,
    () => new RingcrossError('SSH_FAILED', `expected ${what} within ${ms} ms, but there is none`),
  );
};

const whileItRuns = async <T>(feed: Feed, work: Promise<T>): Promise<T> => {
  // A link breaks a moment before QEMU is seen to end; then the guest's end is the error, not its consequence.
  const settled = work.catch(
    async (error: unknown) =>
      await Promise.race([
        feed.ended,
        delay(endingMs).then(() => {
          throw error;
        }),
      ]),
  );
  settled.catch(() => {});
  return await Promise.race([settled, feed.ended]);
};

/** A panic's report takes so long at most from the first broken link to the reset, milliseconds. */
const endingMs = 3_000;
