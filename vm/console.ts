// Reads a guest's serial console as it comes: keeps the tail, and tells a dying kernel from a chatty one.

export type Incident =
  | { kind: 'panic'; line: string }
  /** The kernel lost a thread and may limp on. */
  | { kind: 'oops'; line: string }
  /** A WARN, a leak, undefined behaviour: nothing died, but it is never right. */
  | { kind: 'warning'; line: string }
  /** Our init saw the agent end; `status` is a shell's: 128 + n for signal n. */
  | { kind: 'agent-ended'; status: number; line: string };

// With PRINTK_TIME each line of the kernel's begins so; a program's output cannot be taken for one by chance.
const kernelLine = /^\[\s*\d+\.\d{6}\]\s(.*)$/;
const panic = /^Kernel panic - not syncing/;
const oops =
  /^(Oops:|(watchdog: )?BUG: |kernel BUG at |general protection fault|double fault|stack segment:|invalid opcode:)/;
// The checkers of a debug kernel: SLUB names the cache, kmemleak counts what nobody points to any more.
const warning =
  /^(WARNING: |rcu: INFO: \S+ (self-)?detected stall|INFO: task .* blocked for more than|UBSAN: |BUG \S+ \(|kmemleak: \d+ new suspected memory leaks)/;
const agentEnded = /^ringcross-init: the agent ended with status (\d+)/;

/** What one console line says, or null. Pure. */
export const incidentOf = (line: string): Incident | null => {
  const ended = agentEnded.exec(line);
  if (ended) return { kind: 'agent-ended', status: Number(ended[1]), line };
  const kind = kernelIncident(kernelLine.exec(line)?.[1] ?? '');
  return kind && { kind, line };
};

/** What one record of the kernel's log says, which has no time before it, or null. Pure. */
export const kernelIncident = (text: string): 'panic' | 'oops' | 'warning' | null => {
  if (panic.test(text)) return 'panic';
  if (oops.test(text)) return 'oops';
  return warning.test(text) ? 'warning' : null;
};

/** Lines that are shown of a report of the kernel: one of KASAN with three call traces and the memory around fits. */
export const reportLines = 100;

/** Lines kept of a console, for an error message: a report, and what was printed while it was told and the guest stopped. */
const tailLines = 2 * reportLines;

/** Cuts a console into lines, remembers the last of them and reports incidents. */
export class ConsoleWatcher {
  #open = '';
  #tail: string[] = [];
  readonly #onIncident: (incident: Incident) => void;

  constructor(onIncident: (incident: Incident) => void) {
    this.#onIncident = onIncident;
  }

  push(chunk: Buffer): void {
    const lines = (this.#open + chunk.toString('latin1')).split('\n');
    this.#open = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.replace(/\r$/, '');
      this.#tail.push(line);
      const incident = incidentOf(line);
      if (incident) this.#onIncident(incident);
    }
    this.#tail = this.#tail.slice(-tailLines);
  }

  /** The last lines, an unfinished one included. */
  tail(): string[] {
    return this.#open ? [...this.#tail, this.#open] : [...this.#tail];
  }
}

/** From the first line that names the trouble on, or the last lines where none does. */
export const evidence = (tail: readonly string[], lines = 20): string[] => {
  const first = tail.findIndex((line) => {
    const kind = incidentOf(line)?.kind;
    return kind === 'panic' || kind === 'oops';
  });
  return first < 0 ? tail.slice(-lines) : tail.slice(first, first + reportLines);
};
