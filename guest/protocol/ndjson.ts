// Newline-delimited JSON: one message a line. Used on both ends of the protocol port.

/** A line longer than this is not a message of ours: 64 MiB, far above the largest case. */
const longestLine = 64 * 1024 * 1024;

/** One message as a line to send. */
export const encodeLine = (message: object): string => `${JSON.stringify(message)}\n`;

/** What came out of a line: a message, or the text that was none. */
export type Decoded<T> = { ok: true; message: T } | { ok: false; text: string; reason: string };

/**
 * Cuts a byte stream into messages. A line that is no JSON object with a string `type` is handed out as such,
 * never thrown: a guest may die at any byte.
 */
export class LineDecoder<T extends { type: string }> {
  #parts: string[] = [];
  #length = 0;
  readonly #utf8 = new TextDecoder();

  push(chunk: Uint8Array): Decoded<T>[] {
    const lines = this.#utf8.decode(chunk, { stream: true }).split('\n');
    const decoded: Decoded<T>[] = [];
    for (const [index, piece] of lines.entries()) {
      this.#parts.push(piece);
      this.#length += piece.length;
      if (index === lines.length - 1) break;
      decoded.push(decodeLine<T>(this.#take()));
    }
    if (this.#length > longestLine)
      decoded.push({ ok: false, text: this.#take().slice(0, 200), reason: `line over ${longestLine} bytes` });
    return decoded;
  }

  /** What stood after the last newline when the stream ended. */
  rest(): string {
    return this.#take();
  }

  #take(): string {
    const line = this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

/** What one line says, without its newline. */
export const decodeLine = <T extends { type: string }>(line: string): Decoded<T> => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string')
      return { ok: true, message: value as T };
    return { ok: false, text: line, reason: 'not an object with a type' };
  } catch {
    return { ok: false, text: line, reason: 'not JSON' };
  }
};
