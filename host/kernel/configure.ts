// Makes a kernel tree's .config out of fragments, and makes sure that it holds what they ask for.

import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RingcrossError } from '../../vm/errors.ts';
import { configValues } from './config-lines.ts';
import { buildEnvironment, makeArguments } from './environment.ts';
import { lostOptionsError } from './explain-lost.ts';
import { findLost, formatRequest } from './fragments.ts';
import { parseKconfig } from './kconfig.ts';
import type { KernelPlan } from './kernel-plan.ts';
import { runTool } from './run-tool.ts';

export interface ConfigureContext {
  signal: AbortSignal | undefined;
  /** Called before each step with its command. */
  onProgress(detail: string): void;
}

/**
 * Configures the unpacked kernel in `tree`: tinyconfig, the fragments merged over it, everything else by default.
 * @returns The final .config.
 * @throws RingcrossError `KERNEL_OPTION_LOST`, or `KERNEL_CONFIGURE` when the kernel's own tools fail.
 */
export async function configureKernel(
  tree: string,
  plan: KernelPlan,
  context: ConfigureContext,
): Promise<string> {
  const wanted = 'ringcross.config';
  await writeFile(join(tree, wanted), `${plan.requests.map(formatRequest).join('\n')}\n`);
  const merge = ['scripts/kconfig/merge_config.sh', '-m', '.config', wanted] as const;
  for (const command of [
    ['make', 'tinyconfig', ...makeArguments()],
    merge,
    ['make', 'olddefconfig', ...makeArguments()],
  ] as const) {
    const shown = command.slice(0, 2).join(' ');
    context.onProgress(shown);
    const result = await runTool(command, {
      cwd: tree,
      env: buildEnvironment(),
      signal: context.signal,
    });
    if (!result.failed) continue;
    throw new RingcrossError(
      'KERNEL_CONFIGURE',
      `${shown} failed for kernel ${plan.name}:\n${result.stderr.trim()}`,
      { log: `${result.stdout}\n${result.stderr}` },
    );
  }
  const config = await readFile(join(tree, '.config'), 'utf8');
  const values = configValues(config);
  const lost = findLost(plan.requests, values);
  if (lost.length > 0) throw lostOptionsError(plan.name, lost, values, readKconfig(tree));
  if (plan.lacks.size > 0) refuseFalseLacks(plan, new Set(readKconfig(tree).map(({ symbol }) => symbol)));
  return config;
}

/** A symbol that is declared to be lacking and is there would be dropped in silence. */
function refuseFalseLacks({ name, lacks }: KernelPlan, symbols: ReadonlySet<string>): void {
  const there = [...lacks].filter(([symbol]) => symbols.has(symbol));
  if (there.length === 0) return;
  throw new RingcrossError(
    'KERNEL_CONFIG',
    `kernels.json says that kernel ${name} lacks what it has:\n${there.map(([symbol, why]) => `  ${symbol} (${why})`).join('\n')}`,
  );
}

// Synchronous on purpose: some 1,700 small files that are in memory, and nothing else to do meanwhile.
function readKconfig(tree: string) {
  const read = (path: string) => {
    const file = join(tree, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
  return parseKconfig('Kconfig', read, { SRCARCH: 'x86' });
}
