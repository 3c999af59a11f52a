// Runs one spec in this process with node:test, and tells the host what happens as it happens.
import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { EventData } from 'node:test';
import { type RunOptions, run } from 'node:test';
import { pathToFileURL } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { accountChannel } from '../account.ts';
import { findingChannel } from '../finding.ts';
import { caseChannel } from '../measure.ts';
import type {
  AccountReport,
  CaseReport,
  Finding,
  GuestMessage,
  HostMessage,
  TestOutcome,
} from '../protocol/messages.ts';
import { provokedChannel } from '../provoked.ts';
import type { CaseResult } from '../sample.ts';
import { optimize } from './compilers.ts';
import { errorData } from './error-data.ts';

type Tell = (message: GuestMessage) => void;

/** Characters kept of what one test prints: a test that prints without end fills no disk. */
const outputLimit = 256 * 1024;

type Wanted = (HostMessage & { type: 'run-spec' })['tests'];

/** Runs the tests of a spec that are wanted, and returns how many. A spec that cannot be imported is a failed test of its own. */
export const runSpec = async (spec: string, wanted: Wanted, tell: Tell): Promise<number> => {
  let running: string[] = [];
  const printed = new Map<string, number>();
  const onCase = (result: unknown) =>
    tell({ type: 'case', path: running, case: encodeCase(result as CaseResult) });
  const onFinding = (stated: unknown) => tell({ type: 'finding', path: running, finding: stated as Finding });
  const onAccount = (given: unknown) =>
    tell({ type: 'account', path: running, account: given as AccountReport });
  const onProvoked = (lines: unknown) => tell({ type: 'provoked', path: running, lines: lines as string[] });
  diagnosticsChannel.subscribe(caseChannel, onCase);
  diagnosticsChannel.subscribe(accountChannel, onAccount);
  diagnosticsChannel.subscribe(findingChannel, onFinding);
  diagnosticsChannel.subscribe(provokedChannel, onProvoked);
  const release = captureOutput((stream, text) => {
    const title = running.join('\n');
    const before = printed.get(title) ?? 0;
    printed.set(title, before + text.length);
    if (before >= outputLimit) return;
    const kept = text.slice(0, outputLimit - before);
    const note = kept.length < text.length ? '\n(what follows is not kept)\n' : '';
    tell({ type: 'output', path: running.length ? running : null, stream, text: kept + note });
  });
  let tests = 0;
  try {
    const events = run({ files: [spec], isolation: 'none', concurrency: 1, ...patternsOf(wanted) });
    // Events are handled as they are emitted: what comes out of the stream is later, perhaps after a crash.
    events.on('test:dequeue', ({ name, nesting }: EventData.TestDequeue) => {
      running = [...running.slice(0, nesting), name];
      tell({ type: 'test-start', path: running });
    });
    const open: string[] = [];
    events.on('test:start', ({ name, nesting }: EventData.TestStart) =>
      open.splice(nesting, open.length, name),
    );
    const onResult = (data: EventData.TestPass | EventData.TestFail) => {
      const error = 'error' in data.details ? data.details.error : null;
      // A suite has no outcome but its tests', unless it failed by itself: in its body or in a hook.
      if (data.details.type === 'suite' && !(error && isOwnFailure(error))) return;
      // A file that declares no test, or cannot be imported, stands in for one under its own name.
      if (data.nesting === 0 && data.name === spec) return;
      tests += 1;
      const outcome: TestOutcome = data.skip !== undefined ? 'skipped' : error ? 'failed' : 'passed';
      tell({
        type: 'test',
        path: [...open.slice(0, data.nesting), data.name],
        outcome,
        ms: Math.round(data.details.duration_ms),
        ...(typeof data.skip === 'string' && data.skip ? { reason: data.skip } : {}),
        ...(error ? { error: errorData(causeOf(error)) } : {}),
      });
      optimize();
    };
    events.on('test:pass', onResult);
    events.on('test:fail', onResult);
    const loaded = endWhenLoaded(spec, once(events, 'test:dequeue'));
    await finished(events.resume());
    const error = await loaded;
    if (error !== null) {
      tests += 1;
      tell({
        type: 'test',
        path: ['the spec loads'],
        outcome: 'failed',
        ms: 0,
        error: errorData(error),
      });
    }
  } finally {
    release();
    diagnosticsChannel.unsubscribe(caseChannel, onCase);
    diagnosticsChannel.unsubscribe(accountChannel, onAccount);
    diagnosticsChannel.unsubscribe(findingChannel, onFinding);
    diagnosticsChannel.unsubscribe(provokedChannel, onProvoked);
  }
  return tests;
};

/** A test is matched by its full name; parts that it starts itself have theirs behind it, as others may by chance. */
const patternsOf = ({ only, except }: Wanted): Pick<RunOptions, 'testNamePatterns' | 'testSkipPatterns'> => ({
  ...(only === null ? {} : { testNamePatterns: [new RegExp(`^${RegExp.escape(only)}( |$)`)] }),
  testSkipPatterns: except.map((name) => new RegExp(`^${RegExp.escape(name)}$`)),
});

/**
 * Tells node:test that nothing more will come, once the spec is imported and its first test has started: by itself it
 * waits for the event loop to empty, which that of an agent never does. Returns what the import threw, or null:
 * node:test passes over a file that throws after its first test.
 */
const endWhenLoaded = async (spec: string, started: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await import(pathToFileURL(spec).href).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  await started;
  process.emit('beforeExit', 0);
  return error;
};

/** node:test wraps what a test threw; `failureType` tells what kind of failure it was. */
type TestFailure = Error & { failureType?: string };

const isOwnFailure = (error: TestFailure): boolean => error.failureType !== 'subtestsFailed';

const causeOf = (error: TestFailure): unknown =>
  error.failureType === 'testCodeFailure' || error.failureType === 'hookFailed'
    ? (error.cause ?? error)
    : error;

/** What a spec prints belongs to its tests. Returns the way back. */
const captureOutput = (take: (stream: 'stdout' | 'stderr', text: string) => void): (() => void) => {
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const stream of ['stdout', 'stderr'] as const)
    process[stream].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      take(stream, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof process.stdout.write;
  return () => {
    process.stdout.write = originals.stdout;
    process.stderr.write = originals.stderr;
  };
};

const encodeCase = ({
  send,
  receive,
  transit,
  overhead,
  kernelOverhead,
  stream,
  ...rest
}: CaseResult): CaseReport => ({
  ...rest,
  overhead: Number(overhead),
  kernelOverhead: kernelOverhead === null ? null : Number(kernelOverhead),
  send: encodeSamples(send),
  receive: encodeSamples(receive),
  transit: encodeSamples(transit),
  stream: stream && { messages: stream.messages, ticks: Number(stream.ticks) },
});

const encodeSamples = (samples: BigUint64Array | null): string | null =>
  samples &&
  deflateRawSync(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), {
    level: 1,
  }).toString('base64');
