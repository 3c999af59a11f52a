// The digest of a working tree: over what git would commit of it, without git's objects and without touching it.
//
// An index of our own in the cache remembers of each file its size, times and inode with its content's hash, so that
// only what changed is read again. It lies outside the tree, whose own index, if it has one, stays as it is.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RingcrossError } from '../../../vm/errors.ts';
import { withFileLock } from '../../../vm/file-lock.ts';
import type { ToolResult } from '../run-tool.ts';
import { type GitOptions, gitReason, runGit } from './run-git.ts';

export interface WorkingTree {
  /** What git calls this tree when it is committed: names, modes and contents, no times. */
  digest: string;
  /** The files that it covers, relative, as the tree has them now. */
  files: readonly string[];
}

/** The name of the index among the sources. */
export function shadowName(path: string): string {
  return `dir-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.git`;
}

/**
 * Digests the tree at `path`: of a git working tree what is tracked, and what is neither tracked nor ignored; of
 * another one all that its own .gitignore files do not name, which a kernel ships for its build products.
 * @throws RingcrossError `KERNEL_SOURCE_TREE` where git cannot read it, `KERNEL_TOOLS` without git.
 */
export async function readWorkingTree(
  path: string,
  sources: string,
  signal: AbortSignal | undefined,
): Promise<WorkingTree> {
  const gitDir = join(sources, shadowName(path));
  return withFileLock(`${gitDir}.lock`, { signal }, async () => {
    // Of a git that was killed: under our lock there is no other.
    await rm(join(gitDir, 'index.lock'), { force: true });
    await ask(['init', '--quiet', '--bare', gitDir], { signal });
    const shadow = { gitDir, workTree: path, cwd: path, signal };
    const covered = (await trackedFiles(path, signal)) ?? (await unbuiltFiles(shadow));
    const before = await listFiles(shadow, ['--cached']);
    const kept = new Set(covered);
    const dropped = before.filter((file) => !kept.has(file));
    // `--info-only`: hashes alone, no copies of a gigabyte of files.
    await updateIndex(['--force-remove'], dropped, shadow);
    await updateIndex(['--info-only', '--add', '--remove', '--replace'], covered, shadow);
    const digest = (await ask(['write-tree', '--missing-ok'], shadow)).trim();
    return { digest, files: await listFiles(shadow, ['--cached']) };
  });
}

/** What the git repository that the path is in knows of it; `undefined` where it is in none, or ignored by it. */
async function trackedFiles(path: string, signal: AbortSignal | undefined): Promise<string[] | undefined> {
  const inside = await runGit(['rev-parse', '--is-inside-work-tree'], { cwd: path, signal });
  if (inside.failed && !/not a git repository/.test(inside.stderr)) throw unreadable(path, inside);
  if (inside.failed) return undefined;
  const files = await listFiles({ cwd: path, signal });
  // A tree inside a repository that ignores it is a tree on its own.
  return files.includes('Makefile') ? files : undefined;
}

/** Of a tree that no repository knows: all files but what a build makes. */
async function unbuiltFiles(shadow: GitOptions & { gitDir: string }): Promise<string[]> {
  const excludes = ['!/*', ...builtAtTop].map((pattern) => `--exclude=${pattern}`);
  const indexFile = join(shadow.gitDir, 'no-index');
  return listFiles({ ...shadow, indexFile }, ['--others', '--exclude-standard', ...excludes]);
}

// A kernel's .gitignore files name what its build makes, but the one at the top may say more than that: Debian's
// ignores all there is. So what stands at the top counts, but for these; one that is missing here makes a build too
// many, and no wrong one.
const builtAtTop = [
  '/.config*',
  '/.tmp*',
  '/.version',
  '/.*.cmd',
  '/.*.d',
  '/.vmlinux*',
  '/.checked-*',
  '/*.[oa]',
  '/vmlinux*',
  '/System.map',
  '/modules.*',
  '/*.symvers',
  '/*.order',
];

const wanted = ['--cached', '--others', '--exclude-standard', '--deduplicate'];

async function listFiles(options: GitOptions, which = wanted): Promise<string[]> {
  const output = await ask(['-c', 'core.fsmonitor=false', 'ls-files', '-z', ...which], options);
  // A name that ends in a slash is a repository inside this one, which git looks no further into.
  return output.split('\0').filter((file) => file !== '' && !file.endsWith('/'));
}

async function updateIndex(flags: string[], files: readonly string[], options: GitOptions): Promise<void> {
  if (files.length === 0) return;
  const input = files.map((file) => `${file}\0`).join('');
  await ask(['update-index', ...flags, '-z', '--stdin'], { ...options, input });
}

async function ask(args: readonly string[], options: GitOptions): Promise<string> {
  const result = await runGit(args, options);
  if (result.failed) throw unreadable(options.cwd ?? '', result);
  return result.stdout;
}

function unreadable(path: string, result: ToolResult): RingcrossError {
  return new RingcrossError(
    'KERNEL_SOURCE_TREE',
    `expected git to read ${path || 'the cache'}, but: ${gitReason(result)}`,
    { log: result.stderr.trim() },
  );
}
