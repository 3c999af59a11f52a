// JSON as the files of kernel-config/ are formatted: objects a line for each key, short lists on one line.

const width = 110;

/** The value as text with a final newline. */
export function formatJson(value: unknown): string {
  return `${format(value, '', 0)}\n`;
}

/** `before`: how many columns of the line are taken by what stands before the value. */
function format(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((one) => JSON.stringify(one)).join(', ')}]`;
    const isList = value.every((one) => typeof one !== 'object' || one === null);
    // One column for the comma that may follow.
    if (isList && indent.length + before + line.length < width) return line;
    return `[\n${value.map((one) => inner + format(one, inner, 0)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, one]) => {
    const name = `${JSON.stringify(key)}: `;
    return inner + name + format(one, inner, name.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
