// `ringcross shell`: a person in a fresh guest. Terminal, size and keys reach the shell.
import { type SessionOptions, withGuest } from '../guest-session.ts';
import { execCommand, statusOf } from './exec.ts';

/** Returns the shell's status. Without a terminal the shell reads its commands from standard input. */
export const shellCommand = async (options: SessionOptions): Promise<number> => {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return await execCommand(options, [], ['sh']);
  return await withGuest(options, async (vm) => {
    const ssh = await vm.ssh();
    options.progress[Symbol.dispose]();
    const size = () => ({ columns: stdout.columns, rows: stdout.rows, term: process.env.TERM ?? 'linux' });
    let resize = () => {};
    const onResize = () => resize();
    stdin.setRawMode(true);
    stdout.on('resize', onResize);
    try {
      const work = ssh.shell(size(), { stdin, stdout }, (tell) => {
        resize = () => tell(size());
      });
      return statusOf(await vm.whileItRuns(work));
    } finally {
      stdout.off('resize', onResize);
      stdin.setRawMode(false);
      stdin.destroy();
    }
  });
};
