// The agent: says hello, and does what the host asks for. Started by init; its end is the guest's. Whatever is not needed for
// hello is imported when it is asked for: a guest is up half a second sooner under emulation.

import type { GuestMessage, HostMessage } from '../protocol/messages.ts';
import { protocolVersion } from '../protocol/messages.ts';
import { openChannel } from './channel.ts';
import { prepare } from './clone.ts';
import { errorData } from './error-data.ts';
import { readClock, readFacts } from './facts.ts';

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
      case 'start-ssh': {
        const { startSshServer } = await import('./ssh-server.ts');
        return tell({ type: 'ssh-ready', hostKey: await startSshServer(message.authorizedKey) });
      }
      case 'run-spec': {
        const { runWithModules } = await import('./spec-with-modules.ts');
        return await runWithModules(message, tell);
      }
    }
  } catch (error) {
    tell({ type: 'agent-error', error: errorData(error) });
  }
};

// Not awaited: a module that has not evaluated would keep those it imports waiting. A failure ends the process.
void serve();
