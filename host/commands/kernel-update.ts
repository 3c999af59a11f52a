// `ringcross kernel update`: the lock to the newest that the sources have.

import { describePin, type KernelChange, updateKernels } from '../kernel/index.ts';
import { kernelReporter, openProgress } from '../progress.ts';

export interface UpdateFlags {
  check?: boolean;
  json?: boolean;
}

/** Returns what to print, and the status: 1 where a check found something to change. Errors: `updateKernels`'. */
export const kernelUpdate = async (
  names: readonly string[],
  { check = false, json = false }: UpdateFlags,
  configFolder: string,
  signal: AbortSignal,
): Promise<{ text: string; status: 0 | 1 }> => {
  using progress = openProgress();
  const onProgress = kernelReporter('update', progress);
  const changes = await updateKernels(configFolder, names, { signal, onProgress, isCheck: check });
  return {
    text: json ? JSON.stringify(changes, null, 2) : changeLines(changes).join('\n'),
    status: check && changes.some(({ isNew }) => isNew) ? 1 : 0,
  };
};

/** One kernel: one line where it stays, and one more each for what was and what is where it changes. */
export const changeLines = (changes: readonly KernelChange[]): string[] =>
  changes.flatMap(({ name, from, to, isNew, isAdopted }) =>
    isNew
      ? [
          `${name}${isAdopted ? "  ringcross' own until now" : ''}`,
          `  from ${from === undefined ? 'no pin' : describePin(from)}`,
          `  to   ${describePin(to)}`,
        ]
      : [`${name}  is the newest: ${describePin(to)}`],
  );
