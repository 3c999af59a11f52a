// Unpacks a kernel out of something that writes a tar.

import { dirname } from 'node:path';
import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool } from '../run-tool.ts';
import type { SourceContext } from './source.ts';
import { excludeUnread } from './unread-files.ts';

/** The programs that `unpackTar` itself runs. */
export const unpackTools = ['bash', 'tar'] as const;

/**
 * Runs `producer`, a line of bash whose arguments are `$1` and on, and unpacks the tar that it writes into `folder`,
 * without its top folder `top` and without what no x86 build reads.
 * @throws RingcrossError `KERNEL_SOURCE_UNPACK`, which names `what`.
 */
export async function unpackTar(
  producer: string,
  { what, top, args }: { what: string; top: string; args: readonly string[] },
  folder: string,
  { signal }: SourceContext,
): Promise<void> {
  // `pipefail`: the exit status of the last tar alone would hide a damaged package.
  const script = `set -euo pipefail
folder=$1 count=$2
exclude=("\${@:3:$count}")
shift $((2 + count))
{ ${producer}; } | tar --extract --directory="$folder" --strip-components=1 "\${exclude[@]}"`;
  const exclude = excludeUnread(top);
  const words = [
    'bash',
    '-c',
    script,
    'unpack',
    folder,
    String(exclude.length),
    ...exclude,
    ...args,
  ] as const;
  const result = await runTool(words, { env: hostEnvironment(), signal, cwd: dirname(folder) });
  if (!result.failed) return;
  // The first complaint is the reason; the programs further down the pipe then complain of its consequences.
  const [reason] = result.stderr.trim().split('\n');
  throw new RingcrossError('KERNEL_SOURCE_UNPACK', `cannot unpack ${what}: ${reason}`, {
    log: result.stderr,
  });
}
