// How kernels and their modules are packed, and unpacking a file.

import { RingcrossError } from '../../../vm/errors.ts';
import { buildEnvironment } from '../environment.ts';
import { runTool } from '../run-tool.ts';

interface PackingRecord {
  /** How what is packed so begins. */
  readonly magic: readonly number[];
  /** The program that unpacks standard input to standard output, and the package that has it. */
  readonly program: readonly [string, ...string[]];
  readonly package: string;
}

const toOutput = ['--decompress', '--stdout'] as const;

/** By the name that the kernel's configuration gives them, in lower case. */
export const packings = {
  gzip: { magic: [0x1f, 0x8b], program: ['gzip', ...toOutput], package: 'gzip' },
  bzip2: { magic: [0x42, 0x5a, 0x68], program: ['bzip2', ...toOutput], package: 'bzip2' },
  lzma: { magic: [0x5d, 0, 0], program: ['xz', '--format=lzma', ...toOutput], package: 'xz-utils' },
  xz: { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], program: ['xz', ...toOutput], package: 'xz-utils' },
  lz4: { magic: [0x02, 0x21, 0x4c, 0x18], program: ['lz4', ...toOutput], package: 'lz4' },
  zstd: { magic: [0x28, 0xb5, 0x2f, 0xfd], program: ['zstd', ...toOutput], package: 'zstd' },
} as const satisfies Record<string, PackingRecord>;

export type Packing = keyof typeof packings;

/** How a module is packed, by the end of its file's name. */
export const packingOfSuffix: Readonly<Record<string, Packing>> = { gz: 'gzip', xz: 'xz', zst: 'zstd' };

// The redirections are the shell's: what the programs write is no text.
const script = 'from=$1; to=$2; shift 2; exec "$@" < "$from" > "$to"';

/** Unpacks a file into another. Errors: KERNEL_SOURCE_UNPACK, INTERRUPTED. */
export async function unpackFile(
  packing: Packing,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  const { program, package: from_ } = packings[packing];
  const result = await runTool(['bash', '-c', script, 'unpack', from, to, ...program], {
    env: buildEnvironment(),
    signal,
  });
  if (!result.failed) return;
  throw new RingcrossError(
    'KERNEL_SOURCE_UNPACK',
    `${program[0]} cannot unpack ${from}: ${result.stderr.trim()}`,
    {
      log: result.stderr,
      next: `sudo apt-get install ${from_}`,
    },
  );
}
