// The lines of a .config file or a fragment: `CONFIG_X=value` and `# CONFIG_X is not set`.

/** One line that sets an option. */
export interface ConfigLine {
  /** Without the `CONFIG_` prefix. */
  symbol: string;
  /** As written: `y`, `m`, `8`, `"text"`; `n` stands for `is not set` and for `=n`. */
  value: string;
  /** Counted from 1. */
  line: number;
}

/** What a fragment may hold is wrong at this line. */
export interface BadLine {
  line: number;
  text: string;
}

/**
 * Reads a .config or a fragment. Blank lines and comments are left out; any other line that sets nothing
 * comes back in `bad`, because merge_config.sh would pass over it in silence.
 */
export function parseConfig(text: string): { lines: ConfigLine[]; bad: BadLine[] } {
  const lines: ConfigLine[] = [];
  const bad: BadLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const set = /^CONFIG_(\w+)=(.+)$/.exec(raw);
    const unset = /^# CONFIG_(\w+) is not set$/.exec(raw);
    if (set?.[1] && set[2]) lines.push({ symbol: set[1], value: set[2].trim(), line });
    else if (unset?.[1]) lines.push({ symbol: unset[1], value: 'n', line });
    else if (looksLikeUnset.test(raw) || !/^\s*(#|$)/.test(raw)) bad.push({ line, text: raw });
  }
  return { lines, bad };
}

// "# CONFIG_X is not set." and the like: meant as a setting, but read as a comment by every kernel tool.
const looksLikeUnset = /^\s*#\s*CONFIG_\w+\s+is\s+not\s+set\b/;

/** The options of a final .config by symbol. An option that is off or unknown is not in the map. */
export function configValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const { symbol, value } of parseConfig(text).lines) if (value !== 'n') values.set(symbol, value);
  return values;
}

/** One option as a person writes it in a fragment. */
export function formatOption(symbol: string, value: string): string {
  return value === 'n' ? `# CONFIG_${symbol} is not set` : `CONFIG_${symbol}=${value}`;
}
