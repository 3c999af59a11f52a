// Files over HTTP, through the proxy that the environment names.

import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RingcrossError } from '../../../vm/errors.ts';
import { throwIfInterrupted } from '../../../vm/interrupted.ts';

export interface HttpOptions {
  signal: AbortSignal | undefined;
  /** How much of the whole is there, 0 to 1; null where the server does not say how long it is. */
  onFraction?: (fraction: number | null) => void;
}

/** A small file as text; `undefined` where the server has none of that name. Errors: KERNEL_SOURCE_FETCH. */
export async function readUrl(url: string, { signal }: HttpOptions): Promise<string | undefined> {
  return withReason(url, signal, async () => {
    const response = await fetch(url, requestOptions(signal));
    if (isGone(response)) return undefined;
    refuseFailure(response);
    return await response.text();
  });
}

/**
 * Downloads to `file`, which may hold the beginning of an earlier try; whatever goes wrong, it is then removed.
 * A connection that ends too soon is made again, from where it ended where the server can, a few times.
 * @returns Whether the server has such a file.
 * @throws RingcrossError `KERNEL_SOURCE_FETCH` or `INTERRUPTED`.
 */
export async function downloadUrl(url: string, file: string, options: HttpOptions): Promise<boolean> {
  try {
    return await withReason(url, options.signal, async () => {
      for (let tries = attempts; ; tries--) {
        const outcome = await downloadRest(url, file, options);
        if (outcome === 'whole' || outcome === 'gone') return outcome === 'whole';
        if (tries <= 1) throw new Error(`the connection ended too soon ${attempts} times`, outcome);
      }
    });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

const attempts = 4;

/** One connection. What it brought stays in the file when it ends too soon; the reason is then returned. */
async function downloadRest(
  url: string,
  file: string,
  { signal, onFraction }: HttpOptions,
): Promise<'whole' | 'gone' | { cause: unknown }> {
  const have = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const response = await fetch(url, requestOptions(signal, have > 0 ? { range: `bytes=${have}-` } : {}));
  if (isGone(response)) return 'gone';
  // What we have is no beginning of what the server has now.
  if (response.status === 416) {
    await rm(file);
    return { cause: new Error('the file on the server changed') };
  }
  refuseFailure(response);
  const offset = response.status === 206 ? have : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  let bytes = offset;
  const count = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      onFraction?.(Number.isNaN(length) ? null : bytes / (offset + length));
      yield chunk;
    }
  };
  const body = Readable.from(response.body ?? []);
  try {
    await pipeline(body, count, createWriteStream(file, { flags: offset > 0 ? 'a' : 'w' }), { signal });
    return 'whole';
  } catch (cause) {
    // A full disk is not mended by another connection.
    if (signal?.aborted || (cause as NodeJS.ErrnoException).syscall === 'write') throw cause;
    return { cause };
  }
}

function requestOptions(signal: AbortSignal | undefined, headers: Record<string, string> = {}): RequestInit {
  // A tar that is packed again on its way would have another length, and no middle to go on from.
  return { headers: { 'accept-encoding': 'identity', ...headers }, signal: signal ?? null };
}

function isGone({ status }: Response): boolean {
  return status === 404 || status === 410;
}

function refuseFailure({ ok, status, statusText }: Response): void {
  if (!ok) throw new Error(`the server answered ${status} ${statusText}`);
}

async function withReason<T>(
  url: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throwIfInterrupted(signal);
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw new RingcrossError('KERNEL_SOURCE_FETCH', `cannot download ${url}: ${reasons(error)}`, {
      cause: error,
    });
  }
}

/** fetch says only that it failed; why stands in the cause. */
function reasons(error: unknown): string {
  const messages: string[] = [];
  for (let one = error; one instanceof Error && messages.length < 4; one = one.cause)
    messages.push(one.message || ((one as NodeJS.ErrnoException).code ?? one.name));
  return [...new Set(messages)].join(': ');
}
