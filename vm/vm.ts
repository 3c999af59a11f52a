// One guest's life: booted or cloned, used, stopped. `withVm` is the only door, so no guest outlives its use.
import { randomBytes } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClockReading,
  type GuestFacts,
  type HostMessage,
  protocolVersion,
} from '../guest/protocol/messages.ts';
import { encodeLine } from '../guest/protocol/ndjson.ts';
import { boardRecords } from './board.ts';
import { evidence } from './console.ts';
import { type ErrorCode, RingcrossError } from './errors.ts';
import { type Feed, openFeed, type VmEvent } from './feed.ts';
import { throwIfInterrupted } from './interrupted.ts';
import { lensRecords } from './lens.ts';
import { freezeInto, requireFreezable, resumeFrom } from './migration.ts';
import { pinVcpus } from './pin.ts';
import { type Machine, qemuArgs } from './qemu-args.ts';
import {
  cannotStart,
  type QemuExit,
  type QemuProcess,
  qemuProgram,
  type StopStep,
  startQemu,
} from './qemu-process.ts';
import { forwardedPort } from './qmp.ts';
import { rehearsalMessages, rehearsedTests } from './rehearsal.ts';
import { connectSsh, type KeyPair, newKeyPair, type SshLink } from './ssh-link.ts';
import { hostTscKhz } from './tsc-rate.ts';

/** A guest that was stopped between two instructions. */
export interface Frozen {
  /** The file that is its memory. */
  memory: string;
  /** The file with the state of its devices. */
  state: string;
  /** The file with what its console said until then. */
  console: string;
  facts: GuestFacts;
}

/** A guest, however it comes to be. */
export interface GuestRequest extends Omit<Machine, 'tscKhz' | 'memory'> {
  /** GNU build id of the kernel that must answer, hex. */
  buildId: string;
  signal?: AbortSignal | undefined;
}

/** It boots, into a memory file if it is to be frozen, or it goes on where another stopped. */
export type Origin = { kind: 'boot'; memory: string | null } | { kind: 'clone'; of: Frozen };

export interface VmRequest extends GuestRequest {
  origin: Origin;
  /** From spawn to hello, milliseconds; the lens's own where it is not given. */
  bootDeadlineMs?: number | undefined;
}

export interface Vm {
  /** A clone has those of its template, its boot id among them. */
  readonly facts: GuestFacts;
  /** From spawn to hello, of a clone to its first word, milliseconds. */
  readonly bootMs: number;
  /** QEMU's full command line. */
  readonly commandLine: readonly string[];
  /** The guest's events after hello, up to `ended`. To be read by one reader. */
  readonly events: AsyncIterable<VmEvent>;
  send(message: HostMessage): void;
  readClock(): Promise<ClockReading>;
  /** Does once what clones will do. Errors: GUEST_AGENT, GUEST_ENDED, and TEMPLATE_FREEZE where it would be in vain. */
  rehearse(): Promise<void>;
  /** Stops the guest for good; the state of its devices goes into the file. Errors: TEMPLATE_FREEZE. */
  freeze(state: string): Promise<void>;
  /** Starts the SSH server and connects, on first use. Errors: SSH_FAILED, GUEST_AGENT, GUEST_ENDED. */
  ssh(): Promise<SshLink>;
  /** The work's own result, unless the guest ends first. Errors: GUEST_ENDED, with the console's evidence. */
  whileItRuns<T>(work: Promise<T>): Promise<T>;
  consoleTail(): string[];
  /** Stops the guest before its time; `withVm` does it in any case. */
  stop(): Promise<StopStep>;
}

/**
 * Boots or clones a guest, hands it to `use` and stops it, whatever happens.
 * Errors: LENS_REFUSED, BOOT_FAILED, BOOT_TIMEOUT, GUEST_PROTOCOL, GUEST_KERNEL, GUEST_AGENT, INTERRUPTED, and those of
 * `use`.
 */
export const withVm = async <T>(request: VmRequest, use: (vm: Vm) => Promise<T>): Promise<T> => {
  const { origin } = request;
  const tscKhz = await hostTscKhz();
  requireClock(request, tscKhz);
  const args = qemuArgs({ ...request, memory: memoryOf(origin), tscKhz });
  throwIfInterrupted(request.signal);
  // The console of a clone begins with what its template said.
  if (origin.kind === 'clone' && request.consoleLog !== null)
    await copyFile(origin.of.console, request.consoleLog);
  throwIfInterrupted(request.signal);
  const started = performance.now();
  await using qemu = startQemu(args, origin.kind === 'clone' ? origin.of.state : null);
  const stopOnAbort = () => void qemu.stop();
  request.signal?.addEventListener('abort', stopOnAbort, { once: true });
  let link: SshLink | null = null;
  try {
    const feed = openFeed(qemu);
    const send = (message: HostMessage) => void qemu.protocol.write(encodeLine(message));
    const facts = await greet(qemu, feed, request, send);
    const connected = async (): Promise<SshLink> => {
      link ??= await whileItRuns(
        feed,
        withinLens(request, 'SSH_FAILED', 'an SSH session', connect(qemu, feed, request, send)),
      );
      return link;
    };
    const result = await use({
      facts,
      bootMs: performance.now() - started,
      commandLine: args,
      events: feed.events,
      send,
      readClock: () => withinLens(request, 'GUEST_AGENT', 'what its clock says', readClock(feed, send)),
      rehearse: () =>
        withinLens(
          request,
          'TEMPLATE_FREEZE',
          'the agent to be ready for freezing',
          requireFreezable(qemu.qmp).then(() => rehearse(feed, send)),
        ),
      freeze: (state) =>
        withinLens(request, 'TEMPLATE_FREEZE', 'a frozen guest', freezeInto(qemu.qmp, state)),
      ssh: connected,
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

/** A kernel that cannot measure its TSC, and is not told its rate, never gets a first tick. Errors: LENS_REFUSED. */
const requireClock = ({ board, lens }: VmRequest, tscKhz: number | null): void => {
  if (boardRecords[board].timer === 'pit' || !lensRecords[lens].tellsTscRate || tscKhz !== null) return;
  throw new RingcrossError(
    'LENS_REFUSED',
    `expected to know how fast this host's TSC goes, which a kernel on the board ${board} must be told in the lens ${lens}, but neither /proc/cpuinfo nor KVM tells it`,
    { next: 'ringcross run --lens instructions' },
  );
};

type Send = (message: HostMessage) => void;

const memoryOf = (origin: Origin): Machine['memory'] => {
  if (origin.kind === 'clone') return { path: origin.of.memory, use: 'clone' };
  return origin.memory === null ? null : { path: origin.memory, use: 'template' };
};

const readClock = async (feed: Feed, send: Send): Promise<ClockReading> => {
  const answer = feed.answer('clock');
  send({ type: 'read-clock' });
  return (await answer).clock;
};

const rehearse = async (feed: Feed, send: Send): Promise<void> => {
  for (const message of rehearsalMessages()) {
    const end = feed.answer('spec-end');
    send(message);
    const { tests } = await end;
    if (tests !== rehearsedTests)
      throw new RingcrossError(
        'GUEST_AGENT',
        `expected a rehearsal of ${rehearsedTests} tests, but the agent ran ${tests}`,
      );
  }
  const prepared = feed.answer('prepared');
  send({ type: 'prepare' });
  await prepared;
};

/** Waits until the guest is there and is the one that was asked for. */
const greet = async (qemu: QemuProcess, feed: Feed, request: VmRequest, send: Send): Promise<GuestFacts> => {
  const lens = lensRecords[request.lens];
  const { origin } = request;
  const deadlineMs =
    request.bootDeadlineMs ?? (origin.kind === 'clone' ? cloneDeadlineMs : lens.bootDeadlineMs);
  const work = async () => {
    const hello = feed.answer('hello');
    if (lens.pinned) await pinVcpus(qemu.qmp);
    else await qemu.qmp.negotiate();
    if (origin.kind === 'boot') return checkHello(await hello, request.buildId);
    await resume(qemu, feed, request, send);
    return origin.of.facts;
  };
  try {
    return await within(
      deadlineMs,
      work(),
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
    if (!(error instanceof RingcrossError) || !endings.includes(error.code)) throw error;
    // A QEMU that refuses a command has not ended by itself.
    await qemu.stop();
    throw bootFailure(await qemu.exited, feed.console.tail(), error);
  }
};

/** A clone takes a tenth of a second; one that is not there after so long, on whatever host, never will be. */
const cloneDeadlineMs = 60_000;

const endings: readonly ErrorCode[] = ['GUEST_ENDED', 'QEMU_EXITED', 'QMP_ERROR'];

/** Lets a clone run, and makes it a guest of its own. */
const resume = async (qemu: QemuProcess, feed: Feed, { lens }: VmRequest, send: Send): Promise<void> => {
  const nonce = randomBytes(16).toString('hex');
  const resumed = feed.answer('resumed');
  await resumeFrom(qemu.qmp);
  send({
    type: 'resume',
    nonce,
    entropy: randomBytes(64).toString('hex'),
    realtimeNs: lensRecords[lens].calendar === 'host' ? `${BigInt(Date.now()) * 1_000_000n}` : null,
  });
  const answer = await resumed;
  if (answer.nonce !== nonce)
    throw new RingcrossError(
      'GUEST_PROTOCOL',
      `expected the clone to say ${nonce}, but it says ${answer.nonce}`,
    );
};

const bootFailure = (
  { code, signal, stderr }: QemuExit,
  tail: string[],
  cause: RingcrossError,
): RingcrossError => {
  const log = [stderr.trim(), ...evidence(tail)].filter(Boolean).join('\n');
  if (code === cannotStart)
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

const connect = async (qemu: QemuProcess, feed: Feed, request: VmRequest, send: Send): Promise<SshLink> => {
  const keys: KeyPair = newKeyPair();
  const ready = feed.answer('ssh-ready');
  send({ type: 'start-ssh', authorizedKey: keys.publicKey });
  const { hostKey } = await ready;
  const usernet = await qemu.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' });
  const port = forwardedPort(String(usernet));
  if (port === null)
    throw new RingcrossError('SSH_FAILED', `expected a forwarded port, but QEMU says: ${usernet}`);
  return await connectSsh(port, keys, hostKey, lensRecords[request.lens].bootDeadlineMs);
};

/** What a guest that lives does within the time it has to boot. Errors: `code`. */
const withinLens = <T>({ lens }: VmRequest, code: ErrorCode, what: string, work: Promise<T>): Promise<T> => {
  const ms = lensRecords[lens].bootDeadlineMs;
  return within(
    ms,
    work,
    () => new RingcrossError(code, `expected ${what} within ${ms} ms, but there is none`),
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
