// The boolean expressions of Kconfig, as far as they can be told from a finished .config.
// Language: Documentation/kbuild/kconfig-language.rst in the kernel tree.

/** A parsed expression. `opaque` is what needs the compiler or the build to know, such as `$(cc-option,-x)`. */
export type Expression =
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; value: string }
  | { kind: 'opaque'; text: string }
  | { kind: 'not'; operand: Expression }
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'compare'; operator: string; left: Expression; right: Expression };

/** `unknown` where only the compiler could tell. */
export type Truth = 'n' | 'm' | 'y' | 'unknown';

/** Parses one expression; what cannot be understood comes back as one `opaque` node. */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  if (tokens === undefined) return { kind: 'opaque', text };
  const parser = new Parser(tokens);
  const expression = parser.or();
  return expression !== undefined && parser.done ? expression : { kind: 'opaque', text };
}

// Longest operators first, so that `!=` is not read as `!`. A macro call may hold one level of brackets.
const tokenPattern = /\s*(\$\((?:[^()]|\([^()]*\))*\)|&&|\|\||!=|<=|>=|[=<>!()]|"[^"]*"|'[^']*'|[\w./-]+)/y;

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const token = tokenPattern.exec(text)?.[1];
    if (token === undefined) return undefined;
    tokens.push(token);
  }
  return tokens;
}

// Recursive descent, weakest operator first: || then && then ! then comparison.
class Parser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#next === this.#tokens.length;
  }

  or(): Expression | undefined {
    return this.#chain('or', '||', () => this.#chain('and', '&&', () => this.#unary()));
  }

  #chain(
    kind: 'and' | 'or',
    operator: string,
    operand: () => Expression | undefined,
  ): Expression | undefined {
    let left = operand();
    while (left !== undefined && this.#take(operator)) {
      const right = operand();
      if (right === undefined) return undefined;
      left = { kind, left, right };
    }
    return left;
  }

  #unary(): Expression | undefined {
    if (this.#take('!')) {
      const operand = this.#unary();
      return operand && { kind: 'not', operand };
    }
    if (this.#take('(')) {
      const inner = this.or();
      return this.#take(')') ? inner : undefined;
    }
    const left = this.#atom();
    const operator = this.#tokens[this.#next];
    if (left === undefined || operator === undefined || !comparisons.has(operator)) return left;
    this.#next++;
    const right = this.#atom();
    return right && { kind: 'compare', operator, left, right };
  }

  #atom(): Expression | undefined {
    const token = this.#tokens[this.#next];
    if (token === undefined || /^(&&|\|\||[()!])$/.test(token) || comparisons.has(token)) return undefined;
    this.#next++;
    if (token.startsWith('$(')) return { kind: 'opaque', text: token };
    if (/^["']/.test(token)) return { kind: 'constant', value: token.slice(1, -1) };
    if (/^([nmy]|-?\d+|0x[\da-fA-F]+)$/.test(token)) return { kind: 'constant', value: token };
    return { kind: 'symbol', name: token };
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }
}

const comparisons = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** The truth of an expression under a final config. */
export function evaluate(expression: Expression, config: ReadonlyMap<string, string>): Truth {
  switch (expression.kind) {
    case 'opaque':
      return 'unknown';
    case 'symbol':
    case 'constant': {
      const value = operandValue(expression, config);
      return value === 'y' || value === 'm' ? value : 'n';
    }
    case 'not': {
      const operand = evaluate(expression.operand, config);
      return operand === 'unknown' ? 'unknown' : (['y', 'm', 'n'] as const)[order[operand]];
    }
    case 'and': {
      const [left, right] = [evaluate(expression.left, config), evaluate(expression.right, config)];
      if (left === 'n' || right === 'n') return 'n';
      if (left === 'unknown' || right === 'unknown') return 'unknown';
      return order[left] < order[right] ? left : right;
    }
    case 'or': {
      const [left, right] = [evaluate(expression.left, config), evaluate(expression.right, config)];
      if (left === 'y' || right === 'y') return 'y';
      if (left === 'unknown' || right === 'unknown') return 'unknown';
      return order[left] > order[right] ? left : right;
    }
    case 'compare':
      return compare(expression, config);
  }
}

const order = { n: 0, m: 1, y: 2 } as const;

function compare(
  { operator, left, right }: Extract<Expression, { kind: 'compare' }>,
  config: ReadonlyMap<string, string>,
): Truth {
  const [a, b] = [operandValue(left, config), operandValue(right, config)];
  if (a === undefined || b === undefined) return 'unknown';
  const holds = { '=': a === b, '!=': a !== b }[operator];
  if (holds !== undefined) return holds ? 'y' : 'n';
  const difference = Number(a) - Number(b);
  if (Number.isNaN(difference)) return 'unknown';
  const results: Record<string, boolean> = {
    '<': difference < 0,
    '<=': difference <= 0,
    '>': difference > 0,
    '>=': difference >= 0,
  };
  return results[operator] ? 'y' : 'n';
}

// A symbol that the config lacks counts as `n`, which is how Kconfig compares an unset bool or tristate.
function operandValue(expression: Expression, config: ReadonlyMap<string, string>): string | undefined {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind !== 'symbol') return undefined;
  return config.get(expression.name)?.replaceAll('"', '') ?? 'n';
}

/**
 * The smallest parts of an expression that keep it from holding, as text for a person: `NET (is not set)`.
 * Empty when it holds or cannot be told.
 */
export function unmetParts(expression: Expression, config: ReadonlyMap<string, string>): string[] {
  if (evaluate(expression, config) !== 'n') return [];
  if (expression.kind === 'and') {
    return [...unmetParts(expression.left, config), ...unmetParts(expression.right, config)];
  }
  if (expression.kind === 'symbol') return [`${expression.name} (${describe(config.get(expression.name))})`];
  const values = symbolsOf(expression).map((name) => `${name} ${describe(config.get(name))}`);
  return [values.length === 0 ? format(expression) : `${format(expression)} (${values.join(', ')})`];
}

function describe(value: string | undefined): string {
  return value === undefined ? 'is not set' : `is ${value}`;
}

function symbolsOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'symbol':
      return [expression.name];
    case 'not':
      return symbolsOf(expression.operand);
    case 'and':
    case 'or':
    case 'compare':
      return [...new Set([...symbolsOf(expression.left), ...symbolsOf(expression.right)])];
    default:
      return [];
  }
}

function format(expression: Expression): string {
  switch (expression.kind) {
    case 'symbol':
      return expression.name;
    case 'constant':
      return expression.value;
    case 'opaque':
      return expression.text;
    case 'not':
      return `!${bracketed(expression.operand)}`;
    case 'and':
      return `${bracketed(expression.left)} && ${bracketed(expression.right)}`;
    case 'or':
      return `${bracketed(expression.left)} || ${bracketed(expression.right)}`;
    case 'compare':
      return `${format(expression.left)} ${expression.operator} ${format(expression.right)}`;
  }
}

function bracketed(expression: Expression): string {
  const isChain = expression.kind === 'and' || expression.kind === 'or';
  return isChain ? `(${format(expression)})` : format(expression);
}
