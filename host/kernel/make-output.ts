// What make prints during a kernel build: the steps it takes, and what went wrong.

/** The step that a line such as `  CC      fs/pipe.o` announces: `CC fs/pipe.o`; `undefined` for any other line. */
export function parseStep(line: string): string | undefined {
  const match = /^ {2}([A-Z][A-Z0-9_]*(?: \[M\])?)\s+(\S+)$/.exec(line);
  return match === null ? undefined : `${match[1]} ${match[2]}`;
}

/** How long a finished build was. */
export interface BuildSize {
  /** Steps that make printed. */
  steps: number;
  /** Options that were on in its config. */
  options: number;
}

/**
 * About how many steps a build of this many options takes, from builds that were: what the most similar one
 * took, in proportion. For 6.12 with 17 % fewer options this was 3 % off. `undefined` where none is known.
 */
export function expectedSteps(options: number, known: readonly BuildSize[]): number | undefined {
  const distance = (build: BuildSize) => Math.abs(build.options - options);
  const [nearest] = known.toSorted((a, b) => distance(a) - distance(b));
  if (nearest === undefined) return undefined;
  return Math.max(1, Math.round((nearest.steps * options) / nearest.options));
}

/**
 * How far a build is after `done` steps of about `expected`, 0 to 1. A config that has more steps than expected
 * stays just short of the end until the build is over.
 */
export function stepFraction(done: number, expected: number): number {
  return Math.min(done / expected, 0.99);
}

/**
 * The first errors of a failed build with what explains them, from the standard error of make, at most
 * `maxLines` lines. Later errors mostly follow from the first, and the log has them.
 */
export function firstErrors(stderr: string, maxLines = 20): string {
  const lines = stderr.split('\n');
  const first = lines.findIndex((line) => errorLine.test(line));
  // Nothing that looks like a compiler's error: make's own last words then.
  if (first < 0)
    return lines
      .filter((line) => line.trim() !== '')
      .slice(-maxLines)
      .join('\n');
  let start = first;
  while (start > 0 && leadIn.test(lines[start - 1] ?? '')) start--;
  const rest = lines.slice(first + 1);
  const length = rest.findIndex((line) => /^make(\[\d+\])?: /.test(line));
  const end = length < 0 ? lines.length : first + 1 + length;
  return lines
    .slice(start, Math.min(end, start + maxLines))
    .join('\n')
    .trimEnd();
}

// Compiler, assembler and linker, modpost, and objtool.
const errorLine =
  /(?:^|[\s:])(?:fatal )?error:|^Error: |: Error: |undefined reference to|multiple definition of|^ERROR: /;

// What gcc prints before an error to say where it stands.
const leadIn = /^(?:In file included from|\s+from )|: (?:In function|At top level)\b/;
