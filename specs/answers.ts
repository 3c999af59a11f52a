// What the kernel answers, in the words of a finding.
import { unloadModule } from 'ringcross/guest';

/** What became of `bytes` by the result of a call that returns how many it took, or the name of its error. */
export const taken = (bytes: number, result: number | string): string => {
  if (typeof result === 'string') return result;
  return result === bytes ? 'taken' : 'taken in part';
};

/** What became of a message by a trigger of a module, which throws what the kernel's own call answered. */
export const triggered = (trigger: () => void): string => errorOf(trigger) ?? 'taken';

/** What becomes of a module that is asked to go. */
export const unloading = (module: string): string => {
  const refusal = errorOf(() => unloadModule(module));
  return refusal === null ? 'unloaded' : `refused: ${refusal}`;
};

const errorOf = (call: () => void): string | null => {
  try {
    call();
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code;
  }
};
