// `ringcross exec`: one command in a fresh guest, with its streams and its status.
import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { type CommandEnd, shellWord } from '../../vm/ssh-link.ts';
import { type SessionOptions, withGuest } from '../guest-session.ts';
import { signalStatus } from '../signals.ts';

/** Where a command runs in the guest; pushed files land there. */
const workDir = '/root';

/** Returns the status to exit with: the command's own, 128 + n where signal n ended it. Errors: USAGE, those of `withGuest`. */
export const execCommand = async (
  options: SessionOptions,
  push: readonly string[],
  command: readonly string[],
): Promise<number> => {
  for (const path of push)
    await access(path).catch(() => {
      throw new RingcrossError('USAGE', `expected a file or folder to push, but ${path} is not there`);
    });
  return await withGuest(options, async (vm) => {
    const ssh = await vm.ssh();
    const files = push.map((path) => ({ from: resolve(path), to: `${workDir}/${basename(resolve(path))}` }));
    if (files.length > 0) await vm.whileItRuns(ssh.push(files));
    options.progress[Symbol.dispose]();
    const line = `cd ${workDir} && exec ${command.map(shellWord).join(' ')}`;
    const stdin = process.stdin;
    try {
      const work = ssh.exec(line, { stdin, stdout: process.stdout, stderr: process.stderr });
      return statusOf(await vm.whileItRuns(work));
    } finally {
      // An open standard input would keep this process alive.
      stdin.destroy();
    }
  });
};

/** SSH names signals without their prefix (RFC 4254, 6.10). */
export const statusOf = (end: CommandEnd): number =>
  'status' in end ? end.status : signalStatus(`SIG${end.signal.replace(/^SIG/, '')}`);
