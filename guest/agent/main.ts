// The agent: says hello, opens the SSH server, runs what the host asks for. Started by init; its end is the guest's.

import { kernelLog, kernelLogEnd } from '../kernel-log.ts';
import { loadModule, unloadModule } from '../modules.ts';
import type { GuestMessage, HostMessage, ModuleRequest } from '../protocol/messages.ts';
import { protocolVersion } from '../protocol/messages.ts';
import { configure } from '../settings.ts';
import { openChannel } from './channel.ts';
import { prepare } from './clone.ts';
import { errorData } from './error-data.ts';
import { readClock, readFacts } from './facts.ts';
import { unpackParcel } from './parcel.ts';
import { startSshServer } from './ssh-server.ts';

export * from '../index.ts';

type Tell = (message: GuestMessage) => void;

const serve = async (): Promise<void> => {
  const channel = openChannel();
  channel.send({ type: 'hello', protocol: protocolVersion, facts: readFacts() });
  for (let message = channel.receive(); message !== null; message = channel.receive())
    await answer(message, channel.send);
};

const answer = async (message: HostMessage, tell: Tell): Promise<void> => {
  try {
    switch (message.type) {
      case 'prepare':
        prepare();
        return tell({ type: 'prepared' });
      case 'resume':
        throw new Error('bug: the addon hands out what it answers itself');
      case 'read-clock':
        return tell({ type: 'clock', clock: readClock() });
      case 'start-ssh':
        return tell({ type: 'ssh-ready', hostKey: await startSshServer(message.authorizedKey) });
      case 'run-spec':
        return await runWithModules(message, tell);
    }
  } catch (error) {
    tell({ type: 'agent-error', error: errorData(error) });
  }
};

/** Modules are loaded in the order given and unloaded in reverse; one that is refused ends the spec before it starts. */
const runWithModules = async (
  { spec, modules, messages, unit, parcelAt, tests: wanted }: HostMessage & { type: 'run-spec' },
  tell: Tell,
): Promise<void> => {
  configure({ messages, unit });
  unpackParcel(parcelAt);
  const before = kernelLogEnd();
  const loaded: ModuleRequest[] = [];
  let tests = 0;
  try {
    if (loadAll(modules, loaded, tell)) {
      // Imported late: the test runner costs a boot nothing when only a shell is wanted.
      const { runSpec } = await import('./run-spec.ts');
      tests = await runSpec(spec, wanted, tell);
    }
  } finally {
    for (const { name } of loaded.reverse())
      if (changed(tell, name, 'unload', () => unloadModule(name)))
        tell({ type: 'module', name, state: 'unloaded' });
  }
  // Not after an error: the host then hears of that.
  const lines = kernelLog(before);
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

// Not awaited: specs import this very module, and would wait for it to have evaluated. A failure ends the process.
void serve();
