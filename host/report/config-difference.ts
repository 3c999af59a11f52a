// Which options two kernels were configured with otherwise, as far as it can matter to a path. Pure.

/** An option that is set otherwise; `n` where it is off or unknown. */
export interface OptionDifference {
  symbol: string;
  before: string;
  after: string;
}

/**
 * What says what a compiler, an architecture or the tree can do, and not what was chosen: no path is longer for it. Symbols
 * that only name a version, and those that tell which of two helpers of the build is taken.
 */
const withoutEffect =
  /^CONFIG_(HAVE|ARCH|CC|GCC|CLANG|LD|LLD|AS|RUSTC?|PAHOLE|BINDGEN|GENERIC|USE|TOOLS|DISABLE|FUNCTION_ALIGNMENT|HAS|CAN|MMU_GATHER|ARCH_HAS)_|^CONFIG_(CC|GCC|LD|LLD|AS|CLANG|RUSTC|PAHOLE|BINDGEN)_?(VERSION|IS)|VERSION|^CONFIG_(LOCK_DEBUGGING_SUPPORT|.*_SUPPORT|.*_HELPER|NEED_.*|SUPPORT.*|.*_SUPPORTED|OUTPUT_FORMAT|INSTRUCTION_DECODER|KERNEL_.*|PGTABLE_LEVELS|NR_CPUS_RANGE_.*|OBJTOOL|VMLINUX_.*)$/;

/** By symbol. `before` and `after` are final configs, as `readConfig` has them. */
export const configDifference = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): OptionDifference[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((symbol) => before.get(symbol) !== after.get(symbol) && !withoutEffect.test(symbol))
    .sort()
    .map((symbol) => ({
      symbol: symbol.replace(/^CONFIG_/, ''),
      before: before.get(symbol) ?? 'n',
      after: after.get(symbol) ?? 'n',
    }));

/** `PREEMPT_NONE y to n`, option by option. */
export const optionList = (found: readonly OptionDifference[]): string =>
  found.map(({ symbol, before, after }) => `\`${symbol}\` ${before} to ${after}`).join(', ');
