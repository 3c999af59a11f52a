// A modest reader of Kconfig files: enough to say why an option did not come out as asked.
// It is only asked after the kernel's own tools have decided; it never decides itself.

import { type Expression, parseExpression } from './kconfig-expression.ts';

/** One `config` or `menuconfig` block. A symbol may have several. */
export interface KconfigEntry {
  symbol: string;
  /** Everything that must hold, also of the `if`, `menu` and `choice` blocks around it. */
  dependsOn: Expression[];
  /** An option without a prompt cannot be set by a fragment. */
  hasPrompt: boolean;
  /** The prompt is only there when these hold. */
  promptIf: Expression[];
  selects: string[];
  /** Equal for the members of one `choice`. */
  choice: number | undefined;
}

/** Reads one Kconfig file by its path in the kernel tree; `undefined` when there is none. */
export type ReadKconfig = (path: string) => string | undefined;

/**
 * Reads the Kconfig files from `root` on, following `source`.
 * @param variables What `$(NAME)` stands for in the paths of `source`: SRCARCH and the like.
 */
export function parseKconfig(
  root: string,
  read: ReadKconfig,
  variables: Readonly<Record<string, string>>,
): KconfigEntry[] {
  const reader = new KconfigReader(read, variables);
  reader.file(root);
  return reader.entries;
}

interface Scope {
  kind: 'if' | 'menu' | 'choice';
  dependsOn: Expression[];
  choice: number | undefined;
}

class KconfigReader {
  readonly entries: KconfigEntry[] = [];
  readonly #read: ReadKconfig;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #scopes: Scope[] = [];
  #choices = 0;
  // The block that `depends on` belongs to: an entry, a scope, or the dependencies of a comment that nobody needs.
  #block: { dependsOn: Expression[] } = { dependsOn: [] };
  #entry: KconfigEntry | undefined;

  constructor(read: ReadKconfig, variables: Readonly<Record<string, string>>) {
    this.#read = read;
    this.#variables = variables;
  }

  file(path: string): void {
    for (const line of statements(this.#read(path) ?? '')) this.#statement(line);
  }

  #statement(line: string): void {
    const [, keyword = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    switch (keyword) {
      case 'config':
      case 'menuconfig':
        this.#open(rest);
        break;
      case 'if':
        this.#push('if', [parseExpression(rest)]);
        break;
      case 'menu':
      case 'choice':
        this.#push(keyword, []);
        break;
      case 'endif':
      case 'endmenu':
      case 'endchoice':
        this.#scopes.pop();
        this.#leave();
        break;
      case 'comment':
        this.#leave();
        break;
      case 'source':
        this.#leave();
        this.file(this.#expand(unquote(rest)));
        break;
      case 'depends':
        this.#block.dependsOn.push(parseExpression(rest.replace(/^on\s+/, '')));
        break;
      default:
        if (this.#entry !== undefined) attribute(this.#entry, keyword, rest);
    }
  }

  #open(symbol: string): void {
    this.#entry = {
      symbol,
      dependsOn: this.#scopes.flatMap((scope) => scope.dependsOn),
      hasPrompt: false,
      promptIf: [],
      selects: [],
      choice: this.#scopes.findLast((scope) => scope.kind === 'choice')?.choice,
    };
    this.#block = this.#entry;
    this.entries.push(this.#entry);
  }

  #push(kind: Scope['kind'], dependsOn: Expression[]): void {
    const scope = { kind, dependsOn, choice: kind === 'choice' ? ++this.#choices : undefined };
    this.#scopes.push(scope);
    this.#entry = undefined;
    this.#block = scope;
  }

  #leave(): void {
    this.#entry = undefined;
    this.#block = { dependsOn: [] };
  }

  #expand(path: string): string {
    return path.replace(/\$\((\w+)\)/g, (whole, name: string) => this.#variables[name] ?? whole);
  }
}

function attribute(entry: KconfigEntry, keyword: string, rest: string): void {
  switch (keyword) {
    case 'select':
      entry.selects.push(rest.split(/\s/)[0] ?? '');
      break;
    case 'bool':
    case 'tristate':
    case 'string':
    case 'int':
    case 'hex':
    case 'prompt': {
      const prompt = /^(?:"(?:[^"\\]|\\.)*"|'[^']*')(?:\s+if\s+(.*))?$/.exec(rest);
      if (prompt === null) return;
      entry.hasPrompt = true;
      if (prompt[1] !== undefined) entry.promptIf.push(parseExpression(prompt[1]));
    }
  }
}

// Logical lines without comments and help texts: a help text may hold anything, also `config X`.
function statements(text: string): string[] {
  const result: string[] = [];
  let help: 'none' | 'opening' | number = 'none';
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    if (line.trim() === '') continue;
    const indent = indentOf(line);
    // The first line of a help text sets its indentation; a line further left ends it.
    if (help === 'opening') help = indent;
    if (typeof help === 'number') {
      if (indent > 0 && indent >= help) continue;
      help = 'none';
    }
    const statement = stripComment(line).trim();
    if (statement === 'help' || statement === '---help---') help = 'opening';
    else if (statement !== '') result.push(statement);
  }
  return result;
}

// Kconfig counts a tab as a step to the next multiple of eight.
function indentOf(line: string): number {
  let column = 0;
  for (const character of line) {
    if (character === '\t') column = (Math.floor(column / 8) + 1) * 8;
    else if (character === ' ') column++;
    else break;
  }
  return column;
}

function stripComment(line: string): string {
  return line.replace(/^((?:[^"'#]|"(?:[^"\\]|\\.)*"|'[^']*')*)#.*$/, '$1');
}

function unquote(text: string): string {
  return text.replace(/^["']|["']$/g, '');
}
