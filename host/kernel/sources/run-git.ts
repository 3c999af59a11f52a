// One way to run the host's git: never a question, nothing of a caller's own repository.

import { RingcrossError } from '../../../vm/errors.ts';
import { hostEnvironment } from '../environment.ts';
import { runTool, type ToolResult } from '../run-tool.ts';
import { missingPrograms } from '../toolchain.ts';
import type { SourceContext } from './source.ts';

export interface GitOptions {
  cwd?: string;
  /** A repository that is not found by its place: one of our cache. */
  gitDir?: string;
  workTree?: string;
  /** Another index than the repository's; one that is not there is an empty one. */
  indexFile?: string;
  signal?: AbortSignal | undefined;
  input?: string;
  onLine?: (line: string) => void;
}

/**
 * Runs git to its end; a failure is a result, for the caller to explain, except where there is no git.
 * @throws RingcrossError `KERNEL_TOOLS`, and those of `runTool`.
 */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<ToolResult> {
  const { cwd, gitDir, workTree, indexFile, signal, input, onLine } = options;
  const result = await runTool(['git', ...args], {
    env: {
      ...gitEnvironment(),
      ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
      ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
      ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
    },
    cwd,
    signal,
    input,
    onLine,
  });
  if (result.failed && (await missingPrograms(['git'], process.env.PATH ?? '')).length > 0)
    throw new RingcrossError(
      'KERNEL_TOOLS',
      'expected git, which reads this kernel’s source, but it is missing',
      {
        next: 'sudo apt-get install git',
      },
    );
  return result;
}

/**
 * The host's environment less what a git hook sets for the repository it runs in, which would be taken for ours;
 * and no question for a password, which nobody would answer.
 */
export function gitEnvironment(host: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(hostEnvironment(host)).filter(([name]) => !repositoryVariables.includes(name));
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: '0' };
}

// As `git rev-parse --local-env-vars` names them, without those that carry settings.
const repositoryVariables = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
];

/** git's progress, `Receiving objects:  42% (1/2)`, as ours. */
export function gitProgress(what: string, { onProgress }: SourceContext): (line: string) => void {
  return (line) => {
    const percent = /(\d+)%/.exec(line)?.[1];
    if (percent !== undefined) onProgress(`${what}: ${line.split(':')[0]}`, Number(percent) / 100);
  };
}

/** What git says went wrong, without its advice. */
export function gitReason({ stderr }: ToolResult): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return (
    lines.find((line) => /^(fatal|error|remote error):/.test(line)) ?? lines.find(Boolean) ?? 'no reason'
  );
}
