// How benches run unless a spec says otherwise: set once by whoever runs specs.
import type { TickUnit } from './protocol/messages.ts';

export interface Settings {
  /** Kept samples of each case; wins over what a spec asks for. Null: the spec decides. */
  messages: number | null;
  /** Messages before the kept ones; wins over what a spec asks for. Null: the spec decides. */
  warmup: number | null;
  /** The CPU that benches are pinned to. Null: the last one that this process may use. */
  cpu: number | null;
  /** SCHED_FIFO and locked memory. Without them a sample shows the scheduler too: for hosts that forbid both. */
  realtime: boolean;
  /** What a tick of this machine counts. Null: nothing, so that no test may compare ticks. */
  unit: TickUnit | null;
}

const settings: Settings = { messages: null, warmup: null, cpu: null, realtime: true, unit: null };

/** Changes the settings named, for every bench that starts later in this process. */
export const configure = (changes: Partial<Settings>): void => {
  Object.assign(settings, changes);
};

export const currentSettings = (): Readonly<Settings> => settings;

/** What a tick of this machine counts; null where it counts nothing, so that no test may compare ticks. */
export const tickUnit = (): TickUnit | null => settings.unit;
