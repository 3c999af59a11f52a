// Runs one cell: what its spec needs is built and packed, and its tests run in guests of their own.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { GuestFacts, ModuleRequest } from '../../guest/protocol/messages.ts';
import { type ErrorCode, RingcrossError } from '../../vm/errors.ts';
import { throwIfInterrupted } from '../../vm/interrupted.ts';
import { writeParcel } from '../../vm/parcel.ts';
import type { Start } from '../../vm/pristine.ts';
import type { TemplateStore } from '../../vm/template-store.ts';
import { withTemporaryFolder } from '../../vm/temporary.ts';
import { bundleSpec, moduleNeed } from '../guest-build/spec.ts';
import { type GuestImages, guestOf } from '../guest-images.ts';
import type { BuiltKernel } from '../kernel/index.ts';
import { ensureModule } from '../modules.ts';
import type { Cell } from '../plan.ts';
import type { Project } from '../project.ts';
import { decodeLog, moduleNameOf } from './decode-log.ts';
import { type CellEvent, guestWorkDir, type Verdict } from './outcome.ts';
import { combined, partsOf } from './parts.ts';
import { runInGuest } from './run-guest.ts';

export interface CellRequest {
  cell: Cell;
  project: Project;
  kernel: BuiltKernel;
  images: GuestImages;
  /** Where clones come from; null for a guest that boots. */
  templates: TemplateStore | null;
  /** Where the console of the cell's first guest goes, of its second, and so on. */
  consoleLog: (guest: number) => string;
  /** Kept samples of every case; null leaves it to the specs. */
  messages: number | null;
  /** Without progress for so long the spec is hung, milliseconds; the lens's own where null. */
  silenceMs: number | null;
  signal: AbortSignal | undefined;
  onEvent: (event: CellEvent) => void;
}

export interface CellRun extends Verdict {
  facts: GuestFacts | null;
  start: Start | null;
  commandLine: readonly string[];
  /** SHA-256 of what was delivered, by file name: the spec's bundle and its modules. */
  pushed: Record<string, string>;
  bootMs: number | null;
  ms: number;
  events: CellEvent[];
}

/** Never throws for what happens in its guests: that is the outcome. Errors: INTERRUPTED. */
export const runCell = async (request: CellRequest): Promise<CellRun> => {
  const { cell, project, kernel, images } = request;
  const started = performance.now();
  const run: Omit<CellRun, keyof Verdict | 'ms'> = {
    facts: null,
    start: null,
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
    const bundle = await bundleSpec(project, cell.spec.path);
    const files = [{ path: inGuest(bundle.name), content: bundle.content }];
    const modules: ModuleRequest[] = [];
    const objects = new Map<string, string>();
    for (const need of cell.spec.needs.modules) {
      const { name, parameters } = moduleNeed(need);
      const words = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
      const ko = await ensureModule(project.modulesDir, name, kernel, request.signal);
      files.push({ path: inGuest(ko), content: await readFile(ko) });
      objects.set(moduleNameOf(ko), ko);
      modules.push({ name, parameters: words.join(' '), path: inGuest(ko) });
    }
    for (const { path, content } of files) run.pushed[basename(path)] = sha256(content);
    const verdicts = await withTemporaryFolder(async (work) => {
      const parcel = join(work, 'parcel');
      await writeParcel(parcel, files);
      const ended: Verdict[] = [];
      for (const [index, part] of partsOf(cell.spec).entries()) {
        const guest = await runInGuest({
          guest: {
            lens: cell.lens,
            ...(await guestOf(kernel, images)),
            parcel,
            memoryMiB: project.memoryMiB,
            cmdline: cell.spec.needs.cmdline,
            consoleLog: request.consoleLog(index),
            signal: request.signal,
          },
          templates: request.templates,
          spec: inGuest(bundle.name),
          modules,
          part,
          messages: request.messages,
          silenceMs: request.silenceMs,
          onEvent: request.onEvent,
        }).catch((error: unknown) => {
          // One guest that does not come up takes nothing from what the others have shown.
          throwIfInterrupted(request.signal);
          ended.push(verdictOfError(error, part.titles));
          return null;
        });
        if (guest === null) continue;
        ended.push(guest.verdict);
        run.events = run.events.concat(guest.events);
        // Of a cell with several guests the first is told: the others are like it.
        if (index > 0) continue;
        const { facts, start, bootMs, commandLine } = guest;
        Object.assign(run, { facts, start, bootMs, commandLine });
      }
      return ended;
    });
    const verdict = combined(verdicts);
    // Only a report of the kernel's names places; a log of anything else stays as it is.
    if (verdict.log)
      verdict.log = await decodeLog(verdict.log, { vmlinux: kernel.vmlinux, modules: objects });
    return end(verdict);
  } catch (error) {
    // Whatever broke after we were told to stop, broke because of that.
    throwIfInterrupted(request.signal);
    return end(verdictOfError(error, cell.spec.titles));
  }
};

const inGuest = (path: string): string => `${guestWorkDir}/${basename(path)}`;

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

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
