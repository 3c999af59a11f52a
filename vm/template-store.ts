// The templates in the cache. A template's folder is whole from the moment it has its name, and never changes.
//
//   templates/<key>-<made>/   one template: memory (sparse), state of its devices, console, template.json. One that is made
//                             anew has another name, so that a clone never opens files of two
//   templates/locks/   who makes a template; few files for all keys, so that none has to be removed
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { requireSpace } from './disk-space.ts';
import { withFileLock } from './file-lock.ts';
import { hostBoot } from './host-boot.ts';
import { makeTemplate, readTemplate, type Template, templateKey } from './template.ts';
import { withTemporaryFolder } from './temporary.ts';
import { hostTscKhz } from './tsc-rate.ts';
import type { GuestRequest } from './vm.ts';

export interface TemplateStore {
  folder: string;
  /** Templates that were not used for longest go when all together take more of the disk than this. */
  limitBytes: number;
  /** Told in a sentence what takes time or went wrong. */
  note: (text: string) => void;
}

/** What device state, console and record need beside the guest's memory, bytes; generous. */
const besideMemory = 64 * 1024 * 1024;

/**
 * Finds the template of such guests or makes it. One that is as `broken` says is made anew.
 * Errors: those of `withVm`, TEMPLATE_FREEZE, DISK_FULL, FILE_LOCK.
 */
export const ensureTemplate = async (
  { folder, limitBytes, note }: TemplateStore,
  request: GuestRequest,
  broken: Template | null = null,
): Promise<Template> => {
  const key = await templateKey(request, await hostTscKhz());
  const find = async (): Promise<Template | null> => {
    const now = new Date();
    for (const name of (await templateNames(folder)).filter((one) => one.startsWith(`${key}-`))) {
      const dir = join(folder, name);
      const template = dir === broken?.dir ? null : await readTemplate(dir);
      // Removed by another process at this moment: then there is none.
      const isThere =
        template !== null &&
        (await utimes(dir, now, now).then(
          () => true,
          () => false,
        ));
      if (isThere) return template;
    }
    return null;
  };
  const found = await find();
  if (found !== null) return found;
  const lock = join(folder, 'locks', key.slice(0, 1));
  return await withFileLock(lock, { signal: request.signal }, async () => {
    const meanwhile = await find();
    if (meanwhile !== null) return meanwhile;
    note(`making a template of ${describe(request)}`);
    const tidy = () =>
      withFileLock(join(folder, 'locks', 'removal'), { signal: request.signal }, () =>
        removeOldest(folder, limitBytes, key),
      );
    // What no longer counts must not be what fills the disk.
    await tidy();
    await requireSpace(folder, request.memoryMiB * 1024 * 1024 + besideMemory);
    const dir = join(folder, `${key}-${randomBytes(4).toString('hex')}`);
    await withTemporaryFolder(async (work) => {
      const made = join(work, 'made');
      await mkdir(made);
      await makeTemplate(request, key, made);
      await rename(made, dir);
      if (broken !== null) await rename(broken.dir, join(work, 'broken')).catch(() => {});
    }, folder);
    await tidy();
    const template = await readTemplate(dir);
    if (template === null) throw new Error(`bug: the template ${dir} was made, but cannot be read`);
    return template;
  });
};

/** The names of the templates in a folder, which need not be there; also of those of earlier versions, which are but removed. */
const templateNames = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{32}(-[0-9a-f]{8})?$/.test(name));

const describe = ({ lens, cmdline }: GuestRequest): string =>
  `the lens ${lens}${cmdline ? ` with ${cmdline}` : ''}`;

interface Entry {
  name: string;
  bytes: number;
  usedMs: number;
  isStale: boolean;
}

/**
 * Which templates go: those of another boot of the host, then the longest unused until the rest fits; the one whose name
 * begins with `keep` stays. Pure.
 */
export const toRemove = (entries: readonly Entry[], limitBytes: number, keep: string): string[] => {
  const stale = entries.filter(({ isStale }) => isStale);
  const live = entries.filter(({ isStale }) => !isStale).toSorted((a, b) => a.usedMs - b.usedMs);
  const gone: string[] = stale.map(({ name }) => name);
  let total = live.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes } of live) {
    if (total <= limitBytes) break;
    if (name.startsWith(keep)) continue;
    gone.push(name);
    total -= bytes;
  }
  return gone;
};

/**
 * Moves them away whole before they are removed: a clone that starts meanwhile finds all of a template or nothing. A guest
 * that runs in one keeps its files: what is unlinked is freed when nobody has it mapped any more.
 */
const removeOldest = async (folder: string, limitBytes: number, keep: string): Promise<void> => {
  const boot = await hostBoot();
  const entries: Entry[] = [];
  for (const name of await templateNames(folder)) {
    const dir = join(folder, name);
    const template = await readTemplate(dir);
    const found = await Promise.all([allocatedBytes(dir), lstat(dir)]).catch(() => null);
    // Its maker replaces it at this moment.
    if (found === null) continue;
    const [bytes, { mtimeMs }] = found;
    // One that cannot be read is of a version of ours that made them otherwise.
    entries.push({ name, bytes, usedMs: mtimeMs, isStale: template?.hostBoot !== boot });
  }
  const gone = toRemove(entries, limitBytes, keep);
  if (gone.length === 0) return;
  await withTemporaryFolder(async (work) => {
    for (const name of gone) await rename(join(folder, name), join(work, name)).catch(() => {});
  }, folder);
};

/** What the files of a folder take of the disk; a hole in a file takes nothing. */
const allocatedBytes = async (dir: string): Promise<number> => {
  let bytes = 0;
  for (const name of await readdir(dir)) bytes += (await lstat(join(dir, name))).blocks * 512;
  return bytes;
};
