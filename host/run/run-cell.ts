// Runs one cell: a guest of its own, the spec pushed and run, its events taken until the end.
import { basename } from 'node:path';
import type { GuestFacts } from '../../guest/protocol/messages.ts';
import { evidence } from '../../vm/console.ts';
import { type ErrorCode, RingcrossError } from '../../vm/errors.ts';
import { fileSha256 } from '../../vm/file-digest.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';
import { lensRecords } from '../../vm/lens.ts';
import { type Vm, withVm } from '../../vm/vm.ts';
import { withBundledSpec } from '../guest-build/spec.ts';
import type { GuestImages } from '../guest-images.ts';
import type { BuiltKernel } from '../kernel/index.ts';
import { ensureModule } from '../modules.ts';
import type { Cell } from '../plan.ts';
import type { Project } from '../project.ts';
import { type CellEvent, guestWorkDir, isDone, isProgress, judge, type Verdict } from './outcome.ts';

export interface CellRequest {
  cell: Cell;
  project: Project;
  kernel: BuiltKernel;
  images: GuestImages;
  consoleLog: string;
  /** Kept samples of every case; null leaves it to the specs. */
  messages: number | null;
  /** Without progress for so long the spec is hung, milliseconds; the lens's own where null. */
  silenceMs: number | null;
  signal: AbortSignal | undefined;
  onEvent: (event: CellEvent) => void;
}

export interface CellRun extends Verdict {
  facts: GuestFacts | null;
  commandLine: readonly string[];
  /** SHA-256 of what was pushed, by file name: the spec's bundle and its modules. */
  pushed: Record<string, string>;
  bootMs: number | null;
  ms: number;
  events: CellEvent[];
}

/** After an oops the kernel is given so long to finish its report before the guest is stopped, milliseconds. */
const reportMs = 1_500;

/** Never throws for what happens in the guest: that is the outcome. Errors: INTERRUPTED. */
export const runCell = async (request: CellRequest): Promise<CellRun> => {
  const { cell, project, kernel, images } = request;
  const started = performance.now();
  const run: Omit<CellRun, keyof Verdict | 'ms'> = {
    facts: null,
    commandLine: [],
    pushed: {},
    bootMs: null,
    events: [],
  };
  const end = (verdict: Verdict): CellRun => ({
    ...verdict,
    ...run,
    ms: Math.round(performance.now() - started),
  });
  try {
    if (cell.spec.loadError) throw cell.spec.loadError;
    const modules: { name: string; parameters: string; ko: string }[] = [];
    for (const need of cell.spec.needs.modules) {
      const { name, parameters } = typeof need === 'string' ? { name: need, parameters: {} } : need;
      const words = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
      modules.push({
        name,
        parameters: words.join(' '),
        ko: await ensureModule(project.modulesDir, name, kernel, request.signal),
      });
    }
    const verdict = await withBundledSpec(project, cell.spec.path, (bundle) =>
      withVm(
        {
          lens: cell.lens,
          kernel: kernel.vmlinux,
          buildId: kernel.buildId,
          root: images.root.path,
          agent: images.agent.path,
          memoryMiB: project.memoryMiB,
          cmdline: cell.spec.needs.cmdline,
          consoleLog: request.consoleLog,
          signal: request.signal,
        },
        async (vm) => {
          run.facts = vm.facts;
          run.bootMs = Math.round(vm.bootMs);
          run.commandLine = vm.commandLine;
          const inGuest = (path: string) => `${guestWorkDir}/${basename(path)}`;
          const files = modules.map(({ ko }) => ({ from: ko, to: inGuest(ko) }));
          const pushed = [{ from: bundle, to: inGuest(bundle) }, ...files];
          for (const { from } of pushed) run.pushed[basename(from)] = await fileSha256(from);
          await vm.push(pushed);
          vm.send({
            type: 'run-spec',
            spec: inGuest(bundle),
            modules: modules.map(({ name, parameters, ko }) => ({ name, parameters, path: inGuest(ko) })),
            messages: request.messages,
            unit: lensRecords[cell.lens].unit,
          });
          const silenceMs = request.silenceMs ?? lensRecords[cell.lens].silenceDeadlineMs;
          run.events = await takeEvents(vm, silenceMs, request.onEvent);
          return judge(run.events, cell.spec.titles, evidence(vm.consoleTail()));
        },
      ),
    );
    return end(verdict);
  } catch (error) {
    // Whatever broke after we were told to stop, broke because of that.
    throwIfInterrupted(request.signal);
    return end(verdictOfError(error, cell.spec.titles));
  }
};

/** What stopped a cell before its spec ran, as an outcome. An error without a code is a bug of ours, and told as one. */
export const verdictOfError = (error: unknown, titles: readonly string[]): Verdict => {
  const tests = titles.map((title) => ({
    title,
    outcome: 'skipped' as const,
    ms: 0,
    reason: 'the spec never started',
  }));
  if (!(error instanceof RingcrossError)) {
    const log = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n');
    return { outcome: 'infrastructure', reason: `bug: ${log[0]}`, log, tests };
  }
  return {
    outcome: bootErrors.includes(error.code) ? 'boot-failed' : error.exit === 1 ? 'failed' : 'infrastructure',
    reason: `${error.code}: ${error.message}`,
    ...(error.log ? { log: error.log.split('\n') } : {}),
    tests,
  };
};

const bootErrors: readonly ErrorCode[] = ['BOOT_FAILED', 'BOOT_TIMEOUT', 'GUEST_KERNEL', 'GUEST_PROTOCOL'];

/**
 * Takes events until QEMU has ended, or until the spec made no progress for `silenceMs`. A guest that is done is stopped
 * and listened to until then: what it says while its module goes, or just before its agent died, counts too.
 */
const takeEvents = async (
  vm: Vm,
  silenceMs: number,
  onEvent: (event: CellEvent) => void,
): Promise<CellEvent[]> => {
  const events: CellEvent[] = [];
  const add = (event: CellEvent) => {
    events.push(event);
    onEvent(event);
  };
  let isSilent = false;
  const onSilence = () => {
    isSilent = true;
    void vm.stop();
  };
  let timer = setTimeout(onSilence, silenceMs);
  try {
    for await (const event of vm.events) {
      // The guest was stopped by us: what it still says is no news.
      if (isSilent) break;
      add(event);
      if (isDone(event)) void vm.stop();
      if (event.kind === 'incident' && event.incident.kind === 'oops')
        setTimeout(() => void vm.stop(), reportMs);
      if (isProgress(event)) {
        clearTimeout(timer);
        timer = setTimeout(onSilence, silenceMs);
      }
    }
  } finally {
    clearTimeout(timer);
  }
  if (isSilent) add({ kind: 'silence', ms: silenceMs });
  return events;
};
