// A client for QEMU's machine protocol over an open stream.
// Source: QEMU, docs/interop/qmp-spec.
import type { Duplex } from 'node:stream';
import { RingcrossError } from './errors.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface QemuVersion {
  major: number;
  minor: number;
}

export class Qmp {
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  readonly #greeting: Promise<QemuVersion>;
  #next = 1;
  #closed: Error | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const greeted = Promise.withResolvers<QemuVersion>();
    this.#greeting = greeted.promise;
    // A QEMU that dies before it greets is told to whoever executes something, not to nobody.
    this.#greeting.catch(() => {});
    let open = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (open + chunk.toString('utf8')).split('\n');
      open = lines.pop() ?? '';
      for (const line of lines) this.#read(line, greeted.resolve);
    });
    const close = () => {
      this.#closed = new RingcrossError(
        'QEMU_EXITED',
        'expected an answer on the QMP channel, but QEMU closed it',
      );
      greeted.reject(this.#closed);
      for (const { reject } of this.#pending.values()) reject(this.#closed);
      this.#pending.clear();
    };
    stream.once('close', close);
    stream.once('error', close);
  }

  /** Ends the negotiation; to be awaited before anything else is executed. */
  async negotiate(): Promise<void> {
    await this.#greeting;
    await this.execute('qmp_capabilities');
  }

  /** Which QEMU it is. */
  version(): Promise<QemuVersion> {
    return this.#greeting;
  }

  async execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    const id = this.#next++;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return answer.promise;
  }

  #read(line: string, greeted: (version: QemuVersion) => void): void {
    const message = JSON.parse(line) as {
      QMP?: { version: { qemu: QemuVersion } };
      id?: number;
      return?: unknown;
      error?: { class: string; desc: string };
    };
    if (message.QMP) greeted(message.QMP.version.qemu);
    if (message.id === undefined) return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error)
      pending?.reject(
        new RingcrossError('QMP_ERROR', `QEMU refused: ${message.error.class}: ${message.error.desc}`),
      );
    else pending?.resolve(message.return);
  }
}

/** The host port that QEMU's user network listens on, from the monitor's `info usernet`; null where none is. */
export const forwardedPort = (usernet: string): number | null => {
  const row = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s/.exec(usernet);
  return row ? Number(row[1]) : null;
};
