// Runs tests of one spec in one guest: it starts, finds its parcel, and its events are taken until the end.
import { type GuestFacts, type ModuleRequest, parcelOffsets } from '../../guest/protocol/messages.ts';
import { evidence } from '../../vm/console.ts';
import { lensRecords } from '../../vm/lens.ts';
import { type Start, withPristineVm } from '../../vm/pristine.ts';
import type { TemplateStore } from '../../vm/template-store.ts';
import type { GuestRequest, Vm } from '../../vm/vm.ts';
import { type CellEvent, isDone, isProgress, judge, type Verdict } from './outcome.ts';
import type { Part } from './parts.ts';

export interface SpecRequest {
  guest: GuestRequest;
  templates: TemplateStore | null;
  /** Paths are the guest's. */
  spec: string;
  modules: ModuleRequest[];
  part: Part;
  messages: number | null;
  /** Without progress for so long the spec is hung, milliseconds; the lens's own where null. */
  silenceMs: number | null;
  onEvent: (event: CellEvent) => void;
}

export interface GuestRun {
  facts: GuestFacts;
  start: Start;
  bootMs: number;
  commandLine: readonly string[];
  events: CellEvent[];
  verdict: Verdict;
}

/** Errors: those of `withPristineVm`. What happens in the guest is the verdict. */
export const runInGuest = async (request: SpecRequest): Promise<GuestRun> => {
  const { guest, part } = request;
  return await withPristineVm(guest, request.templates, async (vm, start) => {
    vm.send({
      type: 'run-spec',
      spec: request.spec,
      modules: request.modules,
      messages: request.messages,
      unit: lensRecords[guest.lens].unit,
      parcelAt: parcelOffsets.spec,
      tests: part.tests,
    });
    const silenceMs = request.silenceMs ?? lensRecords[guest.lens].silenceDeadlineMs;
    const events = await takeEvents(vm, silenceMs, request.onEvent);
    return {
      facts: vm.facts,
      start,
      bootMs: Math.round(vm.bootMs),
      commandLine: vm.commandLine,
      events,
      verdict: judge(events, part.titles, evidence(vm.consoleTail())),
    };
  });
};

/** After an oops the kernel is given so long to finish its report before the guest is stopped, milliseconds. */
const reportMs = 1_500;

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
