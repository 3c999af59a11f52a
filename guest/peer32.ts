// A 32-bit process beside the test: it makes the system calls it is told to, with its own addresses and the i386 calls.
// guest/programs/peer.m32.c is what runs there.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { systemError } from './errno.ts';
import type { CallArgument } from './native.ts';
import {
  type Answer,
  AnswerDecoder,
  encodeCall,
  encodePeek,
  encodePoke,
  takeBuffers,
} from './peer32-frames.ts';
import { program } from './programs.ts';
import { outcome } from './syscall.ts';
import { type I386SyscallName, i386SyscallNumbers } from './syscall-numbers-i386.ts';
import { isBlocked, until } from './wait.ts';

const pageBytes = 4096;
const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_PRIVATE, MAP_ANONYMOUS] = [2, 0x20];

/** What the program means by its exit status. */
const statuses: Record<number, string> = {
  2: 'a request that it does not know',
  3: 'its channel to the test failed',
  4: 'a fault outside of peek and poke',
};

/**
 * Starts a 32-bit process, which has no files open but its channel. Stop it in `t.after`, or hold it with
 * `await using`.
 * @throws {Error} when the kernel does not run 32-bit programs.
 */
export const startPeer32 = async (path = program('peer.m32')): Promise<Peer32> => {
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
  await once(child, 'spawn');
  const peer = new Peer32(child);
  // A kernel that does not know the format leaves it to a shell, which does not either: only an answer tells.
  const pid = await peer.attempt('getpid').catch((cause: unknown) => {
    throw new Error('this kernel does not run the 32-bit peer', { cause });
  });
  if (pid !== child.pid) throw new Error(`bug: the 32-bit peer ${child.pid} says that it is ${pid}`);
  return peer;
};

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (reason: Error) => void;
}

/** One request at a time, in the order they are made: while a call of its is blocked, later ones wait. */
export class Peer32 implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #closed: Promise<unknown>;
  readonly #waiting: Waiting[] = [];
  readonly #placed = new Map<number, number>();
  /** Why it takes no more requests. */
  #ended: string | null = null;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#closed = once(child, 'close');
    const decoder = new AnswerDecoder();
    child.stdout.on('data', (chunk: Buffer) => {
      for (const answer of decoder.push(chunk)) this.#waiting.shift()?.resolve(answer);
    });
    child.on('close', (code, signal) => {
      this.#ended ??= signal
        ? `was killed by ${signal}`
        : `ended with status ${code}: ${statuses[code ?? 0] ?? 'unasked'}`;
      for (const { reject } of this.#waiting.splice(0)) reject(this.#gone());
    });
    // A peer that has died does not read what it is sent: its end, told by 'close', says more than EPIPE.
    child.stdin.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /**
   * A system call by its i386 name or number, with at most six arguments. As `attempt` of a 64-bit program: bytes and
   * strings are passed by address, views hold afterwards what the call wrote into them (1 MiB together). The result is
   * unsigned, so that an address is one; or it is the name of the error.
   * @throws {RangeError} when a number does not fit into 32 bits.
   * @throws {Error} when the peer has died.
   */
  async attempt(call: I386SyscallName | number, ...args: CallArgument[]): Promise<number | string> {
    const { result, payload } = await this.#ask(encodeCall(numberOf(call), args));
    takeBuffers(args, payload);
    const read = outcome(BigInt(result));
    return typeof read === 'number' ? read >>> 0 : read;
  }

  /**
   * Copies bytes into memory of their own there and returns their address, for structures that hold pointers. Valid
   * until released; `peek` reads what a call left in them.
   */
  async place(bytes: NodeJS.TypedArray | string): Promise<number> {
    const length = typeof bytes === 'string' ? Buffer.byteLength(bytes) + 1 : bytes.byteLength;
    const size = Math.max(1, Math.ceil(length / pageBytes)) * pageBytes;
    const address = await this.attempt(
      'mmap2',
      0,
      size,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS,
      -1,
      0,
    );
    if (typeof address === 'string') throw new Error(`mmap2 of ${size} bytes in the 32-bit peer: ${address}`);
    // New pages are zero, so a string has its NUL.
    await this.poke(address, bytes);
    this.#placed.set(address, size);
    return address;
  }

  /** @throws {RangeError} when `place` did not return the address, or it has been released. */
  async release(address: number): Promise<void> {
    const size = this.#placed.get(address);
    if (size === undefined) throw new RangeError(`nothing is placed at ${hex(address)}`);
    this.#placed.delete(address);
    await this.attempt('munmap', address, size);
  }

  /**
   * Reads its memory, by its own load instructions: where address and size are multiples of four, word by word.
   * @throws an error with the code EFAULT where it may not read.
   */
  async peek(address: number, bytes: number): Promise<Buffer> {
    const { result, payload } = await this.#ask(encodePeek(address, bytes));
    if (result < 0) throw systemError(-result, 'peek', `${bytes} bytes at ${hex(address)}`);
    // A copy: the chunk that it came in may hold more.
    return Buffer.from(payload);
  }

  /**
   * Writes its memory, by its own store instructions, in the order and steps of `peek`.
   * @throws an error with the code EFAULT where it may not write; what came before stays written.
   */
  async poke(address: number, data: NodeJS.TypedArray | string): Promise<void> {
    const { result } = await this.#ask(encodePoke(address, data));
    if (result < 0) throw systemError(-result, 'poke', `at ${hex(address)}`);
  }

  /** Resolves when it is blocked in `call` on its file `fd`; without one on anything, for `poll`. */
  untilBlocked(call: I386SyscallName, fd?: number): Promise<void> {
    return until(`the 32-bit peer blocked in ${call} of ${fd ?? 'anything'}`, () =>
      this.#isBlocked(call, fd),
    );
  }

  /**
   * Makes a call that blocks, and kills the process with SIGKILL while it is in there. Resolves when it is gone, and its
   * files are closed. A first argument that is a number is the file that it must be blocked on.
   * @throws {Error} when the call returns instead.
   */
  async killIn(call: I386SyscallName, ...args: CallArgument[]): Promise<void> {
    const [first] = args;
    const fd = typeof first === 'number' ? first : undefined;
    let returned: number | string | undefined;
    const answered = this.attempt(call, ...args).then(
      (result) => {
        returned = result;
      },
      // What it was killed for.
      () => {},
    );
    await until(
      `the 32-bit peer blocked in ${call}`,
      () => returned !== undefined || this.#isBlocked(call, fd),
    );
    await this.stop();
    await answered;
    if (returned !== undefined)
      throw new Error(`${call} of the 32-bit peer was to block, and returned ${returned}`);
  }

  /** Ends the process with SIGKILL, whatever it is doing, and waits until it has. Calls under way fail. Safe to call twice. */
  async stop(): Promise<void> {
    this.#ended ??= 'was stopped';
    // Nothing of it needs an orderly end, and a blocked call would hear of nothing else.
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #isBlocked(call: I386SyscallName, fd?: number): boolean {
    return isBlocked(`/proc/${this.pid}`, i386SyscallNumbers[call], fd);
  }

  async #ask(request: Buffer): Promise<Answer> {
    if (this.#ended !== null) throw this.#gone();
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.push(answer);
    this.#child.stdin.write(request);
    return await answer.promise;
  }

  #gone(): Error {
    return new Error(`the 32-bit peer ${this.#ended}`);
  }
}

const numberOf = (call: I386SyscallName | number): number => {
  if (typeof call === 'number') return call;
  const number: number | undefined = i386SyscallNumbers[call];
  if (number === undefined) throw new TypeError(`no system call "${call}" in the table of i386`);
  return number;
};

const hex = (address: number): string => `0x${address.toString(16)}`;
