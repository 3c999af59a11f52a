// JavaScript compiled to V8's code cache: what a guest's node need not parse. The same bytes for the same script and node.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { RingcrossError, withReason } from '../../vm/errors.ts';
import { withTemporaryFolder } from '../../vm/temporary.ts';
import { moduleBeside, pinnedNode } from '../project.ts';

/** Compiles every function of a classic script. `filename` is the script's path in the guest. Errors: AGENT_BUILD. */
export const precompile = async (source: string, filename: string): Promise<Buffer> =>
  await withTemporaryFolder(async (work) => {
    const output = join(work, 'compiled');
    const maker = moduleBeside(import.meta, 'write-code-cache');
    const run = (flags: readonly string[], mode: 'write' | 'check') =>
      execa(pinnedNode, [...flags, maker, mode, filename, output], { input: source });
    try {
      // Without it the bytes depend on the process' hash seed. Code is taken by a node with or without.
      await run(['--predictable'], 'write');
      await run([], 'check');
    } catch (cause) {
      const message = `expected V8 to compile ${filename}, but: ${withReason(cause as Error)}`;
      throw new RingcrossError('AGENT_BUILD', message, { cause });
    }
    return await readFile(output);
  });
