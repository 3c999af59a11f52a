// A commit of a git repository: fetched alone, without its history, and identified by its tree.

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { RingcrossError } from '../../../vm/errors.ts';
import type { ToolResult } from '../run-tool.ts';
import { versionOfMakefile } from './kernel-version.ts';
import { gitHash } from './pin-text.ts';
import { gitProgress, gitReason, runGit } from './run-git.ts';
import { type SourceContext, type SourceKind, type SourcePlace, updateCommand } from './source.ts';
import { unpackTar, unpackTools } from './unpack-tar.ts';

// Words of git's command line; one that begins with a dash would be an option.
const word = z.string().regex(/^[^-\s]\S*$/, 'expected a word that does not begin with "-"');

const settings = z.strictObject({
  kind: z.literal('git'),
  /** A URL, or a path; a relative one starts at the kernel-config folder. */
  url: z.string().regex(/^[^-]/, 'expected a URL or a path that does not begin with "-"'),
  /** What an update follows: a branch, a tag, or a full commit hash, which never moves. */
  ref: word,
});

const pin = z.strictObject({
  kind: z.literal('git'),
  version: z.string().min(1),
  commit: gitHash,
  tree: gitHash,
});

export type GitSettings = z.infer<typeof settings>;
type GitPin = z.infer<typeof pin>;

/** A commit of a repository, with the host's git, and what that knows of keys, helpers and proxies. */
export const git = {
  settings,
  pin,
  open: (chosen, { version, commit, tree }, place) => {
    const url = locate(chosen.url, place);
    return {
      layout: 'tree',
      facts: { kind: chosen.kind, repository: publicUrl(chosen.url), version, commit, tree },
      version,
      digest: tree,
      tools: ['git', ...unpackTools],
      kept: [repositoryName(url)],
      fetch: (context) => fetchPinned(url, { commit, tree }, place, context),
      unpack: async (folder, context) => {
        context.onProgress(`commit ${commit.slice(0, 12)}`, null);
        const args = [join(context.sources, repositoryName(url)), commit];
        const what = `commit ${commit} of ${publicUrl(chosen.url)}`;
        const archive = 'git --git-dir="$1" archive --format=tar --prefix=linux/ "$2"';
        await unpackTar(archive, { what, top: 'linux', args }, folder, context);
      },
    };
  },
  resolve: resolveRef,
} satisfies SourceKind<GitSettings, GitPin>;

/** Whether git takes it for a URL and not for a path. `host:path` is one, too. */
export function isGitUrl(url: string): boolean {
  return /^[^/]+:/.test(url);
}

function locate(url: string, { folder }: SourcePlace): string {
  return isGitUrl(url) ? url : resolve(folder, url);
}

/** The URL without a name and password: results are published. */
export function publicUrl(url: string): string {
  return url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/@]*@/i, '$1');
}

function repositoryName(url: string): string {
  return `git-${createHash('sha256').update(url).digest('hex').slice(0, 16)}.git`;
}

async function fetchPinned(
  url: string,
  { commit, tree }: Pick<GitPin, 'commit' | 'tree'>,
  place: SourcePlace,
  context: SourceContext,
): Promise<void> {
  const gitDir = await fetchCommit(url, commit, place, context);
  const found = await treeOf(gitDir, commit, context);
  if (found === tree) return;
  throw new RingcrossError(
    'KERNEL_SOURCE_DIGEST',
    `kernels.lock.json pins commit ${commit} with another tree than it has:\n  expected tree ${tree}\n  got      tree ${found}`,
    { next: updateCommand(place) },
  );
}

/** Makes sure that the cache's repository of this URL has the commit; returns that repository. */
async function fetchCommit(
  url: string,
  commit: string,
  place: SourcePlace,
  context: SourceContext,
): Promise<string> {
  const { signal, sources, onProgress } = context;
  const gitDir = join(sources, repositoryName(url));
  // A commit is there with all that belongs to it: git gives a name to what a fetch brought only at its end.
  const kept = `refs/kept/${commit}`;
  const known = await runGit(['rev-parse', '--verify', '--quiet', `${kept}^{tree}`], { gitDir, signal });
  if (!known.failed) return gitDir;
  const shown = publicUrl(url);
  onProgress(`commit ${commit.slice(0, 12)} of ${shown}`, null);
  const made = await runGit(['init', '--quiet', '--bare', gitDir], { signal });
  if (made.failed) throw fetchFailed(shown, made);
  const fetched = await runGit(
    ['fetch', '--progress', '--no-tags', '--depth=1', '--no-write-fetch-head', url, `+${commit}:${kept}`],
    { gitDir, signal, onLine: gitProgress(shown, context) },
  );
  if (!fetched.failed) return gitDir;
  if (!tellsCommitGone(fetched.stderr)) throw fetchFailed(shown, fetched);
  throw new RingcrossError('KERNEL_SOURCE_GONE', `${shown} no longer has commit ${commit}`, {
    log: fetched.stderr.trim(),
    next: updateCommand(place),
  });
}

/** Whether the repository was reached and has no such object. */
export function tellsCommitGone(stderr: string): boolean {
  return /not our ref|couldn't find remote ref|no such remote ref|unadvertised object/i.test(stderr);
}

function fetchFailed(shown: string, result: ToolResult): RingcrossError {
  return new RingcrossError(
    'KERNEL_SOURCE_FETCH',
    `expected a git repository at ${shown}, but: ${gitReason(result)}`,
    {
      log: result.stderr.trim(),
    },
  );
}

async function treeOf(gitDir: string, commit: string, { signal }: SourceContext): Promise<string> {
  const found = await runGit(['rev-parse', '--verify', '--quiet', `${commit}^{tree}`], { gitDir, signal });
  return found.stdout.trim();
}

async function resolveRef(
  chosen: GitSettings,
  wanted: string | undefined,
  place: SourcePlace,
  context: SourceContext,
): Promise<GitPin> {
  const url = locate(chosen.url, place);
  const commit = await findCommit(url, wanted ?? chosen.ref, context);
  const gitDir = await fetchCommit(url, commit, place, context);
  const makefile = await runGit(['show', `${commit}:Makefile`], { gitDir, signal: context.signal });
  const version = versionOfMakefile(makefile.stdout);
  if (version === undefined)
    throw new RingcrossError(
      'KERNEL_SOURCE_TREE',
      `expected commit ${commit} of ${publicUrl(chosen.url)} to be a kernel, but its top Makefile states no version`,
    );
  return { kind: 'git', version, commit, tree: await treeOf(gitDir, commit, context) };
}

async function findCommit(url: string, ref: string, { signal }: SourceContext): Promise<string> {
  if (gitHash.safeParse(ref).success) return ref;
  const listed = await runGit(['ls-remote', '--', url], { signal });
  const shown = publicUrl(url);
  if (listed.failed) throw fetchFailed(shown, listed);
  const commit = commitOfRef(listed.stdout, ref);
  if (commit !== undefined) return commit;
  const near = refNames(listed.stdout);
  throw new RingcrossError(
    'KERNEL_SOURCE_GONE',
    `expected ${JSON.stringify(ref)} to be a branch, a tag or a full commit hash of ${shown}, which has ` +
      (near.slice(-8).join(', ') || 'no refs at all'),
  );
}

/** The commit that `git ls-remote` shows for a name, by git's own order: tags, branches, HEAD and full names. */
export function commitOfRef(lsRemote: string, ref: string): string | undefined {
  const commits = new Map(
    lsRemote.split('\n').map((line) => {
      const [hash = '', name = ''] = line.split('\t');
      return [name, hash];
    }),
  );
  // `^{}`: what an annotated tag points at.
  for (const name of [`refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`, `${ref}^{}`, ref]) {
    const commit = commits.get(name);
    if (commit !== undefined) return commit;
  }
  return undefined;
}

function refNames(lsRemote: string): string[] {
  return [...lsRemote.matchAll(/\trefs\/(?:heads|tags)\/(\S+)$/gm)].flatMap(([, name = '']) =>
    name.endsWith('^{}') ? [] : [name],
  );
}
