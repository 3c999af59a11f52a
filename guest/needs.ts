// What a spec needs before it can run, as data: the host reads it without running a test.

/** A module with the parameters it is loaded with, as after `insmod NAME.ko`. */
export interface ModuleNeed {
  /** A folder of kmod/. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string | number>>;
}

/** Declared by a spec as `export const needs = {...} satisfies Needs`. All of it is optional. */
export interface Needs {
  /** Kernel options without which the spec makes no sense, such as `CONFIG_RELAY`. */
  readonly config?: readonly string[];
  /** Loaded before the spec and unloaded after it. */
  readonly modules?: readonly (string | ModuleNeed)[];
  /** Words for the kernel's command line, such as `vsyscall=none`: the spec then has a machine of its own. */
  readonly cmdline?: string;
  /** Virtual CPUs. A lens with fewer skips the spec. */
  readonly cpus?: number;
  /** What the CPU must be able to do, as /proc/cpuinfo calls it: `fsgsbase`. A lens without it skips the spec. */
  readonly cpuFeatures?: readonly string[];
  /** Versions of the kernel on which the spec makes sense: a range such as `>=6.1` or `>=5.15 <7`. */
  readonly kernel?: string;
}
