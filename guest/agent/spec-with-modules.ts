// Runs a spec from its parcel, with the modules that it needs.
import { kernelLog, kernelLogEnd } from '../kernel-log.ts';
import { loadModule, unloadModule } from '../modules.ts';
import type { GuestMessage, HostMessage, ModuleRequest } from '../protocol/messages.ts';
import { configure } from '../settings.ts';
import { optimizeNothing } from './compilers.ts';
import { errorData } from './error-data.ts';
import { findLeaks, forgetLeaks } from './leaks.ts';
import { unpackParcel } from './parcel.ts';
import { runSpec } from './run-spec.ts';

type Tell = (message: GuestMessage) => void;

/** Modules are loaded in the order given and unloaded in reverse; one that is refused ends the spec before it starts. */
export const runWithModules = async (
  { spec, modules, messages, unit, parcelAt, tests: wanted }: HostMessage & { type: 'run-spec' },
  tell: Tell,
): Promise<void> => {
  optimizeNothing();
  configure({ messages, unit });
  unpackParcel(parcelAt);
  const before = kernelLogEnd();
  // A spec without modules leaves nothing that a module could have.
  if (modules.length > 0) forgetLeaks();
  const loaded: ModuleRequest[] = [];
  let tests = 0;
  try {
    if (loadAll(modules, loaded, tell)) tests = await runSpec(spec, wanted, tell);
  } finally {
    for (const { name } of loaded.reverse())
      if (changed(tell, name, 'unload', () => unloadModule(name)))
        tell({ type: 'module', name, state: 'unloaded' });
  }
  // Not after an error: the host then hears of that.
  const leaks = modules.length > 0 ? await findLeaks() : [];
  const lines = [...kernelLog(before), ...leaks];
  if (lines.length > 0) tell({ type: 'kernel-log', lines });
  tell({ type: 'spec-end', tests });
};

const loadAll = (modules: readonly ModuleRequest[], loaded: ModuleRequest[], tell: Tell): boolean =>
  modules.every((module) => {
    const { name, path, parameters } = module;
    if (!changed(tell, name, 'load', () => loadModule(path, parameters))) return false;
    loaded.push(module);
    tell({ type: 'module', name, state: 'loaded' });
    return true;
  });

/** Tells the host of a refusal, with what the kernel printed meanwhile. */
const changed = (tell: Tell, name: string, action: 'load' | 'unload', change: () => void): boolean => {
  const before = kernelLogEnd();
  try {
    change();
    return true;
  } catch (error) {
    tell({
      type: 'module-failed',
      name,
      action,
      error: errorData(error),
      log: kernelLog(before),
    });
    return false;
  }
};
