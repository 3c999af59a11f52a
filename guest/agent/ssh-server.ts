// The SSH server of the guest: its host key is made here and told over the protocol port, so the host can pin it.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const hostKeyFile = '/run/dropbear_host_key';

/** Starts dropbear(8) for one authorized key; resolves to the public host key once it listens. */
export const startSshServer = async (authorizedKey: string): Promise<string> => {
  await mkdir('/root/.ssh', { mode: 0o700, recursive: true });
  await writeFile('/root/.ssh/authorized_keys', `${authorizedKey}\n`, { mode: 0o600 });
  const { stdout } = await promisify(execFile)('dropbearkey', ['-t', 'ed25519', '-f', hostKeyFile]);
  const hostKey = /^ssh-ed25519 \S+/m.exec(stdout)?.[0];
  if (!hostKey) throw new Error(`expected dropbearkey to print a public key, but: ${stdout}`);
  // Without -F it goes to the background by itself, and its parent ends only when the socket listens.
  await promisify(execFile)('dropbear', [
    '-s',
    '-j',
    '-k',
    '-r',
    hostKeyFile,
    '-p',
    '22',
    '-P',
    '/run/dropbear.pid',
  ]);
  return hostKey;
};
