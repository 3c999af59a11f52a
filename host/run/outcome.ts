// What became of a cell, from the events that reached the host. Pure: the same events give the same result.
import type { ErrorData, GuestMessage } from '../../guest/protocol/messages.ts';
import { type Incident, kernelIncident, reportLines } from '../../vm/console.ts';
import type { VmEvent } from '../../vm/feed.ts';
import type { CellOutcome, TestResult } from './results.ts';

/** Everything that can happen in a cell: the guest's events, and the host's patience running out. */
export type CellEvent = VmEvent | { kind: 'silence'; ms: number };

export interface Verdict {
  outcome: CellOutcome;
  reason?: string;
  log?: string[];
  tests: TestResult[];
}

/** Where the guest keeps what is pushed; stripped from stacks, which then name files as the project does. */
export const guestWorkDir = '/run/ringcross';

/** Whether the agent has nothing more to do: the guest may be stopped. */
export const isDone = (event: CellEvent): boolean =>
  event.kind === 'message' && (event.message.type === 'spec-end' || event.message.type === 'agent-error');

/** Whether an event shows that a spec gets on; what it merely prints does not. */
export const isProgress = (event: CellEvent): boolean =>
  event.kind === 'message' && event.message.type !== 'output' && event.message.type !== 'agent-error';

/**
 * The verdict. The kernel's death outweighs the agent's, the agent's what the tests said; a spec in flight when its
 * guest dies is `crashed` or `hung`, never missing, and `declared` tests that never started are skipped with a reason.
 */
export const judge = (
  events: readonly CellEvent[],
  declared: readonly string[],
  console: readonly string[],
): Verdict => {
  const messages = events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
  const printed = messages.flatMap((message) => (message.type === 'kernel-log' ? message.lines : []));
  const logged = printed.flatMap(toIncident);
  const shown = events.flatMap((event) => (event.kind === 'incident' ? [event.incident] : []));
  // The kernel's own log first: there a report is whole, which the console may have garbled.
  const incidents = [...logged, ...shown];
  const death = fatal(events, messages, incidents, printed, console);
  const tests = testResults(messages, declared, death);
  if (death) return { ...death, tests };
  const refused = messages.find((message) => message.type === 'module-failed');
  if (refused)
    return {
      outcome: 'load-failed',
      reason: `the kernel refused to ${refused.action} ${refused.name}: ${refused.error.message}`,
      log: refused.log,
      tests,
    };
  const failures = tests.filter(({ outcome }) => outcome === 'failed');
  if (failures.length > 0)
    return { outcome: 'failed', reason: `${failures.length} of ${tests.length} tests failed`, tests };
  const warning = unprovoked(events, logged);
  if (warning)
    return {
      outcome: 'failed',
      reason: `the kernel warned: ${warning.line}`,
      log: reportOf(warning, printed) ?? [...console],
      tests,
    };
  if (tests.length === 0) return { outcome: 'failed', reason: 'the spec has no test', tests };
  if (tests.every(({ outcome }) => outcome === 'skipped'))
    return { outcome: 'skipped', reason: tests[0]?.reason ?? 'every test was skipped', tests };
  return { outcome: 'passed', tests };
};

/**
 * The first warning that no test has provoked. Each line that one has provoked is forgiven once, in the log and on the
 * console. There it may be garbled: what is left of those lines forgives as many warnings that came after the first test began.
 */
const unprovoked = (events: readonly CellEvent[], logged: readonly Incident[]): Warning | undefined => {
  const messages = events.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
  const provoked = messages.flatMap((message) => (message.type === 'provoked' ? message.lines : []));
  const meant = logged.filter(isWarning).filter(({ line }) => takeOne(provoked, line));
  const unmeant = logged.filter(isWarning).find((one) => !meant.includes(one));
  if (unmeant) return unmeant;
  const onConsole = meant.map(({ line }) => line);
  const begun = events.findIndex((event) => event.kind === 'message' && event.message.type === 'test-start');
  const left = events.flatMap((event, at) => {
    if (event.kind !== 'incident' || !isWarning(event.incident)) return [];
    const { line } = event.incident;
    const said = onConsole.find((text) => line.endsWith(text));
    if (said !== undefined) takeOne(onConsole, said);
    return said === undefined ? [{ warning: event.incident, isDuringTests: begun >= 0 && at > begun }] : [];
  });
  let garbled = onConsole.length;
  return left.find(({ isDuringTests }) => !isDuringTests || garbled-- <= 0)?.warning;
};

/** Removes one of these lines; whether it was there. */
const takeOne = (lines: string[], line: string): boolean => {
  const at = lines.indexOf(line);
  if (at >= 0) lines.splice(at, 1);
  return at >= 0;
};

const isWarning = (incident: Incident): incident is Warning => incident.kind === 'warning';

type Warning = Extract<Incident, { kind: 'warning' }>;

const toIncident = (line: string): Incident[] => {
  const kind = kernelIncident(line);
  return kind ? [{ kind, line }] : [];
};

/** A warning or an oops and what follows it in the kernel's log; null where only the console has it. */
const reportOf = ({ line }: Incident, printed: readonly string[]): string[] | null => {
  const first = printed.indexOf(line);
  return first < 0 ? null : printed.slice(first, first + reportLines);
};

type Death = { outcome: CellOutcome; reason: string; log: string[] };

const fatal = (
  events: readonly CellEvent[],
  messages: readonly GuestMessage[],
  incidents: readonly Incident[],
  printed: readonly string[],
  console: readonly string[],
): Death | null => {
  const log = [...console];
  const panic = incidents.find(({ kind }) => kind === 'panic');
  if (panic) return { outcome: 'panicked', reason: panic.line, log };
  const oops = incidents.find(({ kind }) => kind === 'oops');
  if (oops) return { outcome: 'oopsed', reason: oops.line, log: reportOf(oops, printed) ?? log };
  const ended = incidents.find((incident) => incident.kind === 'agent-ended');
  if (ended) return { outcome: 'crashed', reason: `the agent ended with ${shellStatus(ended.status)}`, log };
  const failed = messages.find((message) => message.type === 'agent-error');
  if (failed)
    return {
      outcome: 'infrastructure',
      reason: `the agent failed: ${failed.error.message}`,
      log: stackOf(failed.error),
    };
  if (messages.some(({ type }) => type === 'spec-end')) return null;
  const silence = events.find((event) => event.kind === 'silence');
  if (silence) return { outcome: 'hung', reason: `nothing happened for ${silence.ms / 1000} s`, log };
  const exit = events.find((event) => event.kind === 'ended')?.exit;
  if (!exit) return { outcome: 'infrastructure', reason: 'the events of the cell are incomplete', log };
  if (exit.code === 0) return { outcome: 'crashed', reason: 'the guest ended before its spec', log };
  const how = exit.signal ? `signal ${exit.signal}` : `status ${exit.code}`;
  return {
    outcome: 'infrastructure',
    reason: `QEMU ended with ${how}`,
    log: [...exit.stderr.trim().split('\n'), ...log],
  };
};

/** A shell's status in words: above 128 it is a signal. */
const shellStatus = (status: number): string =>
  status > 128 ? `signal ${status - 128}` : `status ${status}`;

const titleOf = (path: readonly string[]): string => path.join(' › ');

const testResults = (
  messages: readonly GuestMessage[],
  declared: readonly string[],
  death: Death | null,
): TestResult[] => {
  const output = new Map<string, string>();
  const results = new Map<string, TestResult>();
  const started: string[] = [];
  const parents = new Set<string>();
  for (const message of messages) {
    if (message.type === 'test-start') {
      started.push(titleOf(message.path));
      for (let depth = 1; depth < message.path.length; depth++)
        parents.add(titleOf(message.path.slice(0, depth)));
    }
    if (message.type === 'output' && message.path) {
      const title = titleOf(message.path);
      output.set(title, (output.get(title) ?? '') + message.text);
    }
    if (message.type === 'test') {
      const { path, outcome, ms, reason, error } = message;
      const title = unused(titleOf(path), results);
      results.set(title, {
        title,
        outcome,
        ms,
        ...(reason === undefined ? {} : { reason }),
        ...(error === undefined ? {} : { error: projectError(error) }),
      });
    }
  }
  if (death) {
    const inFlight = started.findLast((title) => !results.has(title) && !parents.has(title));
    const outcome = death.outcome === 'hung' ? 'hung' : 'crashed';
    if (inFlight !== undefined)
      results.set(inFlight, { title: inFlight, outcome, ms: 0, reason: death.reason });
  }
  const hasEnded = messages.some(({ type }) => type === 'spec-end');
  const wasRefused = messages.some(({ type }) => type === 'module-failed');
  for (const title of declared) {
    if (results.has(title)) continue;
    // A spec that ended and yet left a test out has not done what it declared.
    const isMissing = hasEnded && !death && !wasRefused;
    results.set(title, {
      title,
      outcome: isMissing ? 'failed' : 'skipped',
      ms: 0,
      reason: isMissing ? 'it was declared but did not run' : 'the guest ended before it ran',
    });
  }
  return [...results.values()].map((result) => {
    const text = output.get(result.title);
    return text === undefined ? result : { ...result, output: text };
  });
};

/** Subtests may share a title: the second is told as another. */
export const unused = (title: string, taken: ReadonlyMap<string, unknown>): string => {
  let name = title;
  for (let count = 2; taken.has(name); count++) name = `${title} (${count})`;
  return name;
};

/** The error with the guest's folder taken out of its stack. */
const projectError = (error: ErrorData): ErrorData => ({
  ...error,
  ...(error.stack === undefined ? {} : { stack: projectPaths(error.stack) }),
  ...(error.cause === undefined ? {} : { cause: projectError(error.cause) }),
});

const projectPaths = (stack: string): string =>
  stack.replaceAll(`file://${guestWorkDir}/`, '').replaceAll(`${guestWorkDir}/`, '');

const stackOf = (error: ErrorData): string[] => projectPaths(error.stack ?? error.message).split('\n');
