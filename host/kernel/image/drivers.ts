// Which modules a guest of a shipped kernel loads before it can mount its root, and in which order. Pure.

/** What depmod(8) and the package tell of a kernel's modules, as the text of the files. */
export interface ModuleIndex {
  /** modules.dep: each module, and behind it all that it needs, the last of which is loaded first. */
  dependencies: string;
  /** modules.softdep: what a module asks for by name without linking to it. */
  softDependencies: string;
  /** modules.alias: other names of modules. */
  aliases: string;
  /** modules.builtin: what would be a module in another configuration. */
  builtin: string;
  /** modules.builtin.modinfo: what such parts say of themselves, their other names among it, each ended by a NUL. */
  builtinInfo: string;
}

export interface Drivers {
  /** Paths as in modules.dep, to be loaded in this order. */
  modules: string[];
  /** Those wanted that the kernel has in no form. */
  missing: string[];
}

/** The modules that make the `wanted` ones work; those that are part of the kernel need none. Names as lsmod(8) shows them. */
export function driversFor(wanted: readonly string[], index: ModuleIndex): Drivers {
  const dependencies = new Map(
    lines(index.dependencies).map((line) => {
      const [path = '', needed = ''] = line.split(':');
      return [moduleName(path), { path, needed: needed.trim().split(/\s+/).filter(Boolean) }];
    }),
  );
  const builtin = new Set([
    ...lines(index.builtin).map(moduleName),
    ...index.builtinInfo.split('\0').flatMap((word) => /^\w+\.alias=(.*)$/.exec(word)?.[1] ?? []),
  ]);
  const before = softDependencies(index.softDependencies);
  const aliases = new Map(
    lines(index.aliases).flatMap((line) => {
      const [, alias = '', module = ''] = /^alias (\S+) (\S+)$/.exec(line) ?? [];
      return [[alias, module]];
    }),
  );
  const modules = new Set<string>();
  const missing: string[] = [];
  // A module that is being added is not added again by a circle of soft dependencies.
  const begun = new Set<string>();
  const add = (name: string): boolean => {
    if (builtin.has(name) || begun.has(name)) return true;
    const found = dependencies.get(name);
    if (found === undefined) return false;
    begun.add(name);
    for (const path of found.needed.toReversed()) add(moduleName(path));
    // As for modprobe(8), one that is not there at all is no error.
    for (const soft of before.get(name) ?? []) if (!builtin.has(soft)) add(aliases.get(soft) ?? soft);
    modules.add(found.path);
    return true;
  };
  for (const name of wanted) if (!add(name)) missing.push(name);
  return { modules: [...modules], missing };
}

/** `virtio_rng` of `kernel/drivers/char/hw_random/virtio-rng.ko.xz`: the kernel makes no difference between the two signs. */
export function moduleName(path: string): string {
  const [, file = ''] = /([^/]*)\.ko(?:\.\w+)?$/.exec(path) ?? [];
  return file.replaceAll('-', '_');
}

/** By module, what `softdep <module> pre: <names> post: <names>` names before it. */
function softDependencies(text: string): Map<string, string[]> {
  return new Map(
    lines(text).flatMap((line) => {
      const [, module = '', pre = ''] = /^softdep (\S+) .*?\bpre: (.*?)(?: post: .*)?$/.exec(line) ?? [];
      return module === '' ? [] : [[module, pre.trim().split(/\s+/)]];
    }),
  );
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
