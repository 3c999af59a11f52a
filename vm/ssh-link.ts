// The SSH link into a guest: moves files in and lets people in. The protocol does not run here.
import { mkdtemp, readdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NodeSSH } from 'node-ssh';
import ssh2, { type Client, type ClientChannel, type PseudoTtyOptions } from 'ssh2';
import { create } from 'tar';
import { RingcrossError } from './errors.ts';
import { withTemporaryFolder } from './temporary.ts';

/** A key pair of OpenSSH's format for one run; the private half never leaves this process. */
export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

export const newKeyPair = (): KeyPair => {
  // ssh2 drops leading zero bytes of one key in 256 and then cannot read it itself (mscdex/ssh2#1513): make another.
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'ringcross' });
    if (isReadable(pair.private) && isReadable(pair.public))
      return { privateKey: pair.private, publicKey: pair.public };
  }
};

const isReadable = (key: string): boolean => !(ssh2.utils.parseKey(key) instanceof Error);

/** How a command in the guest ended: a status, or the signal that killed it. */
export type CommandEnd = { status: number } | { signal: string };

interface CommandStreams {
  stdin?: Readable | undefined;
  stdout: Writable;
  stderr: Writable;
}

/** A terminal's size and type as the guest's pty gets them. */
export interface Terminal {
  columns: number;
  rows: number;
  term: string;
}

export interface SshLink {
  /** Puts files or folders of the host into the guest; missing folders are made. */
  push(files: readonly { from: string; to: string }[]): Promise<void>;
  /** Runs a shell's command line; resolves when it has ended and all of its output is written. */
  exec(command: string, streams: CommandStreams): Promise<CommandEnd>;
  /** A login shell on a pty; `onResize` is called with a function that tells the guest a new size. */
  shell(
    terminal: Terminal,
    streams: { stdin: Readable; stdout: Writable },
    onResize: (resize: (size: Terminal) => void) => void,
  ): Promise<CommandEnd>;
  close(): void;
}

/**
 * Connects to the guest's SSH server. Its host key was told over the protocol port, so it is known, not trusted on
 * first use. Errors: SSH_FAILED.
 */
export const connectSsh = async (
  port: number,
  keys: KeyPair,
  hostKey: string,
  readyTimeoutMs: number,
): Promise<SshLink> => {
  const ssh = new NodeSSH();
  try {
    await ssh.connect({
      host: '127.0.0.1',
      port,
      username: 'root',
      privateKey: keys.privateKey,
      readyTimeout: readyTimeoutMs,
      hostVerifier: (key: Buffer) => key.equals(keyBytes(hostKey)),
      // The cheapest exchange that both sides have: under emulation it is most of a connection's price.
      algorithms: {
        kex: ['curve25519-sha256'],
        serverHostKey: ['ssh-ed25519'],
        cipher: ['chacha20-poly1305@openssh.com', 'aes128-ctr'],
      },
    });
  } catch (cause) {
    throw new RingcrossError(
      'SSH_FAILED',
      `expected an SSH session with the guest, but: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  const client = ssh.connection;
  if (!client)
    throw new RingcrossError('SSH_FAILED', 'expected an SSH session with the guest, but it closed at once');
  // When the guest dies its connection is reset; whoever waits on a channel learns of it there.
  client.on('error', () => {});
  return {
    push: (files) => push(client, files),
    exec: async (command, streams) => {
      const channel = await openExec(client, command);
      return await run(channel, streams);
    },
    shell: async (terminal, { stdin, stdout }, onResize) => {
      const channel = await openShell(client, terminal);
      onResize(({ rows, columns }) => channel.setWindow(rows, columns, 0, 0));
      return await run(channel, { stdin, stdout, stderr: stdout });
    },
    close: () => ssh.dispose(),
  };
};

/** Quotes one word for a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const keyBytes = (publicKey: string): Buffer => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');

/** One archive per folder of the guest. Links with the wished names gather files from anywhere on the host. */
const push = (client: Client, files: readonly { from: string; to: string }[]): Promise<void> =>
  withTemporaryFolder(async (stage) => {
    for (const [folder, group] of Map.groupBy(files, ({ to }) => dirname(to))) {
      const links = await mkdtemp(join(stage, 'links-'));
      for (const { from, to } of group) await symlink(from, join(links, basename(to)));
      await sendArchive(client, links, folder);
    }
  });

/** Streams what the links of a folder point to into one of the guest. A warning of either tar is an error. */
const sendArchive = async (client: Client, links: string, folder: string): Promise<void> => {
  // A name that begins with @ would mean an archive to node-tar.
  const names = (await readdir(links)).map((name) => `./${name}`);
  const archive = create({ cwd: links, follow: true, portable: true, strict: true }, names);
  const where = shellWord(folder);
  const channel = await openExec(client, `mkdir -p ${where} && cd ${where} && tar xf -`);
  let complaint = '';
  channel.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  channel.resume();
  // A guest's tar that ends early breaks the stream; what it said is the reason, the broken stream is not.
  const [sent, ended] = await Promise.allSettled([
    pipeline(archive as unknown as Readable, channel),
    endOf(channel),
  ]);
  if (ended.status === 'rejected') throw ended.reason;
  const end = ended.value;
  if (sent.status === 'fulfilled' && 'status' in end && end.status === 0 && complaint === '') return;
  const why =
    complaint.trim() ||
    (sent.status === 'rejected' ? String(sent.reason) : `tar ended with ${JSON.stringify(end)}`);
  throw new RingcrossError('SSH_FAILED', `expected the guest to unpack into ${folder}, but: ${why}`);
};

const run = async (
  channel: ClientChannel,
  { stdin, stdout, stderr }: CommandStreams,
): Promise<CommandEnd> => {
  const outputs = Promise.all([
    pipeline(channel, stdout, { end: false }),
    stderr === stdout ? null : pipeline(channel.stderr, stderr, { end: false }),
  ]);
  // A command may end without reading all that it is given; what stays unread is nobody's error.
  channel.on('error', () => {});
  if (stdin) stdin.pipe(channel);
  else channel.end();
  try {
    const [end] = await Promise.all([endOf(channel), outputs]);
    return end;
  } catch (error) {
    // Whoever read our output has had enough, as `head` has: the command ends as by SIGPIPE.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return { signal: 'PIPE' };
    throw error;
  } finally {
    stdin?.unpipe(channel);
  }
};

/** Rejects with GUEST_ENDED where the channel closes without an exit status: its guest is gone. */
const endOf = (channel: ClientChannel): Promise<CommandEnd> => {
  const ended = Promise.withResolvers<CommandEnd>();
  // Watched by the caller only after other awaits; a rejection meanwhile must not count as unhandled.
  ended.promise.catch(() => {});
  channel.once('exit', (status: number | null, signal?: string) => {
    ended.resolve(status === null ? { signal: signal ?? 'unknown' } : { status });
  });
  channel.once('close', () =>
    ended.reject(
      new RingcrossError('GUEST_ENDED', 'expected an exit status, but the guest closed the connection'),
    ),
  );
  return ended.promise;
};

const openExec = (client: Client, command: string): Promise<ClientChannel> =>
  opened(client, (done) => client.exec(command, done));

const openShell = (client: Client, { rows, columns, term }: Terminal): Promise<ClientChannel> => {
  const pty: PseudoTtyOptions = { rows, cols: columns, term };
  return opened(client, (done) => client.shell(pty, done));
};

const opened = async (
  client: Client,
  open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
): Promise<ClientChannel> => {
  const answer = Promise.withResolvers<ClientChannel>();
  const refuse = (error: Error | null) =>
    answer.reject(
      new RingcrossError(
        'SSH_FAILED',
        `expected a channel in the guest, but ${error?.message ?? 'the connection closed'}`,
        {
          cause: error,
        },
      ),
    );
  // ssh2 never answers an open whose connection dies meanwhile.
  const onClose = () => refuse(null);
  client.once('close', onClose);
  open((error, channel) => (error ? refuse(error) : answer.resolve(channel)));
  try {
    return await answer.promise;
  } finally {
    client.off('close', onClose);
  }
};
